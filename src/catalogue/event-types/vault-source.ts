import type { EventTypeRow } from '../catalogue.ts'

/** Event types that the source `vault` reports beside those of the platform. */
export const VAULT_SOURCE = {
  'vault.leader.missing': {
    priority: 'CRITICAL',
    stakeholders: ['security_eng', 'sre', 'cloudops'],
    card: 'vault_security_event',
    words: {
      en: {
        title: 'Vault has no active node',
        meaning: 'The standby nodes elect no leader; no service can read secrets until one is active.',
      },
      ar: {
        title: 'لا توجد عقدة نشطة في Vault',
        meaning: 'لم تُنتخب عقدة قائدة؛ لا يمكن لأي خدمة قراءة الأسرار حتى تنشط إحدى العقد.',
      },
    },
  },
  'vault.node.removed': {
    priority: 'HIGH',
    stakeholders: ['security_eng', 'sre', 'cloudops'],
    card: 'vault_security_event',
    words: {
      en: {
        title: 'Vault node was removed from its cluster',
        meaning: 'The node serves nothing any more, and can not join again by itself.',
      },
      ar: {
        title: 'أُزيلت إحدى عقد Vault من المجموعة',
        meaning: 'لم تعد العقدة تقدّم أي خدمة، ولا يمكنها الانضمام من جديد من تلقاء نفسها.',
      },
    },
  },
  'vault.node.uninitialized': {
    priority: 'HIGH',
    stakeholders: ['security_eng', 'sre', 'cloudops'],
    card: 'vault_security_event',
    words: {
      en: {
        title: 'Vault node is not initialized',
        meaning: 'The node is new, or sees an empty storage: its data may be lost.',
      },
      ar: {
        title: 'إحدى عقد Vault غير مهيأة',
        meaning: 'العقدة جديدة، أو أن مخزنها فارغ، وقد تكون بياناتها مفقودة.',
      },
    },
  },
  'vault.node.disconnected': {
    priority: 'HIGH',
    stakeholders: ['security_eng', 'sre', 'cloudops'],
    card: 'vault_security_event',
    words: {
      en: {
        title: 'Vault standby does not reach the active node',
        meaning: 'Requests to this node fail, and it may be unable to take over.',
      },
      ar: {
        title: 'عقدة Vault احتياطية لا تصل إلى العقدة النشطة',
        meaning: 'تفشل الطلبات الموجهة إلى هذه العقدة، وقد لا تستطيع أن تحل محل النشطة.',
      },
    },
  },
  'vault.node.unreachable': {
    priority: 'HIGH',
    stakeholders: ['security_eng', 'sre', 'cloudops'],
    card: 'vault_security_event',
    words: {
      en: {
        title: 'Vault node can not be seen',
        meaning: 'Other nodes of the cluster answer; this one may be down, and is not watched until it answers.',
      },
      ar: {
        title: 'تعذّرت رؤية إحدى عقد Vault',
        meaning: 'تجيب عقد أخرى في المجموعة؛ قد تكون هذه العقدة متوقفة، ولا تُراقَب حتى تجيب.',
      },
    },
  },
  'vault.cluster.recovered': {
    priority: 'INFO',
    stakeholders: ['security_eng', 'sre', 'cloudops'],
    card: 'vault_security_event',
    words: {
      en: { title: 'Vault cluster has recovered', meaning: 'What was reported about its nodes is over.' },
      ar: { title: 'تعافت مجموعة Vault', meaning: 'انتهى ما أُبلغ عنه بشأن عقدها.' },
    },
  },
  'vault.audit.blocking': {
    priority: 'CRITICAL',
    stakeholders: ['security_eng', 'sre', 'compliance'],
    card: 'vault_security_event',
    words: {
      en: {
        title: 'Vault is healthy and serves no requests',
        meaning: 'Health answers, and ordinary requests hang or fail: usually an audit device blocks or can not write.',
      },
      ar: {
        title: 'Vault سليم ظاهريًا ولا يخدم الطلبات',
        meaning:
          'يجيب فحص السلامة، وتتعلق الطلبات العادية أو تفشل؛ غالبًا ما يكون جهاز تدقيق عالقًا أو لا يستطيع الكتابة.',
      },
    },
  },
  'vault.audit.recovered': {
    priority: 'INFO',
    stakeholders: ['security_eng', 'sre', 'compliance'],
    card: 'vault_security_event',
    words: {
      en: { title: 'Vault audit works again', meaning: 'Requests are served, and recorded as before.' },
      ar: { title: 'عاد التدقيق في Vault إلى العمل', meaning: 'تُخدَم الطلبات وتُسجَّل كما كانت.' },
    },
  },
  'vault.certificate.unseen': {
    priority: 'MEDIUM',
    stakeholders: ['security_eng', 'nphies_integration'],
    card: 'vault_security_event',
    words: {
      en: {
        title: 'Certificate can not be looked at',
        meaning: 'Nobody would be warned before it expires.',
      },
      ar: {
        title: 'تعذّر الاطلاع على شهادة رقمية',
        meaning: 'لن يُنبَّه أحد قبل انتهاء صلاحيتها.',
      },
    },
  },
  'vault.certificate.renewed': {
    priority: 'INFO',
    stakeholders: ['security_eng', 'nphies_integration'],
    card: 'vault_security_event',
    words: {
      en: { title: 'Certificate is in order again', meaning: 'It was renewed, or is seen again.' },
      ar: { title: 'عادت الشهادة الرقمية إلى حالتها الصحيحة', meaning: 'جُدّدت الشهادة، أو أمكن الاطلاع عليها من جديد.' },
    },
  },
  'vault.token.renewed': {
    priority: 'INFO',
    stakeholders: ['runtime_eng', 'devops'],
    card: 'vault_security_event',
    words: {
      en: { title: 'Vault token is renewed again', meaning: 'The token is valid and is renewed in time.' },
      ar: { title: 'عاد تجديد رمز الدخول إلى Vault', meaning: 'الرمز صالح ويُجدَّد في موعده.' },
    },
  },
} as const satisfies Record<string, EventTypeRow>
