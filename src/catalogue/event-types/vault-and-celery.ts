import type { EventTypeRow } from '../catalogue.ts'

/** Event types of Vault and of the Celery workers. */
export const VAULT_AND_CELERY = {
  'vault.seal.detected': {
    priority: 'CRITICAL',
    stakeholders: ['security_eng', 'sre', 'cloudops'],
    card: 'vault_security_event',
    words: {
      en: {
        title: 'Vault node is sealed',
        meaning: 'Services that read secrets from this node fail until it is unsealed.',
      },
      ar: { title: 'إحدى عقد Vault مختومة', meaning: 'تتعطل الخدمات التي تقرأ الأسرار من هذه العقدة حتى يُفك ختمها.' },
    },
  },
  'vault.unseal.failed': {
    priority: 'HIGH',
    stakeholders: ['security_eng', 'sre'],
    card: 'vault_security_event',
    words: {
      en: { title: 'Vault could not be unsealed', meaning: 'The node stays sealed and serves no secrets.' },
      ar: { title: 'تعذّر فك ختم Vault', meaning: 'تبقى العقدة مختومة ولا تقدّم أي أسرار.' },
    },
  },
  'vault.unseal.complete': {
    priority: 'INFO',
    stakeholders: ['security_eng', 'sre'],
    card: 'vault_security_event',
    words: {
      en: { title: 'Vault is unsealed again', meaning: 'The node serves secrets again; nothing needs to be done.' },
      ar: { title: 'تم فك ختم Vault', meaning: 'عادت العقدة إلى تقديم الأسرار، ولا يلزم أي إجراء.' },
    },
  },
  'vault.audit.disabled': {
    priority: 'CRITICAL',
    stakeholders: ['security_eng', 'sre', 'compliance'],
    card: 'vault_security_event',
    words: {
      en: {
        title: 'Vault audit log is switched off',
        meaning: 'Access to secrets is not being recorded, which breaks the audit obligations.',
      },
      ar: { title: 'سجل التدقيق في Vault متوقف', meaning: 'لا يُسجَّل الوصول إلى الأسرار، وهذا يخالف متطلبات التدقيق.' },
    },
  },
  'vault.audit.log.full': {
    priority: 'CRITICAL',
    stakeholders: ['security_eng', 'sre', 'compliance'],
    card: 'vault_security_event',
    words: {
      en: {
        title: 'Vault audit log is full',
        meaning: 'Vault refuses every request that it can not record; free space on the audit device.',
      },
      ar: {
        title: 'سجل التدقيق في Vault ممتلئ',
        meaning: 'يرفض Vault كل طلب يتعذر تسجيله؛ يجب توفير مساحة على جهاز التدقيق.',
      },
    },
  },
  'vault.token.renewal.failed': {
    priority: 'MEDIUM',
    stakeholders: ['runtime_eng', 'devops'],
    card: 'vault_security_event',
    words: {
      en: {
        title: 'Vault token was not renewed',
        meaning: 'The service loses its access to secrets when the token expires.',
      },
      ar: {
        title: 'لم يُجدَّد رمز الدخول إلى Vault',
        meaning: 'ستفقد الخدمة وصولها إلى الأسرار عند انتهاء صلاحية الرمز.',
      },
    },
  },
  'vault.secret.rotation.complete': {
    priority: 'INFO',
    stakeholders: ['security_eng', 'devops'],
    card: 'vault_security_event',
    words: {
      en: { title: 'Secret rotated', meaning: 'A new version of the secret is in use; nothing needs to be done.' },
      ar: { title: 'تم تدوير السر', meaning: 'بدأ استخدام إصدار جديد من السر، ولا يلزم أي إجراء.' },
    },
  },
  'vault.certificate.expiring': {
    priority: 'HIGH',
    stakeholders: ['security_eng', 'nphies_integration'],
    card: 'vault_security_event',
    words: {
      en: {
        title: 'Certificate is about to expire',
        meaning: 'Connections that use it are refused after it expires; renew it in time.',
      },
      ar: {
        title: 'شهادة رقمية توشك على الانتهاء',
        meaning: 'ستُرفض الاتصالات التي تستخدمها بعد انتهائها؛ يُرجى تجديدها في الوقت المناسب.',
      },
    },
  },
  'celery.task.failed': {
    priority: 'HIGH',
    stakeholders: ['runtime_eng', 'devops', 'sre'],
    card: 'celery_task_failure',
    aliases: ['celery.task.failure'],
    words: {
      en: { title: 'Background task failed', meaning: 'The task ended with an error, and its work was not done.' },
      ar: { title: 'فشلت مهمة خلفية', meaning: 'انتهت المهمة بخطأ ولم يُنجَز عملها.' },
    },
  },
  'celery.task.retry': {
    priority: 'MEDIUM',
    stakeholders: ['runtime_eng', 'devops'],
    card: 'celery_task_failure',
    words: {
      en: {
        title: 'Background task is being retried',
        meaning: 'The last attempt failed; the next one follows on its own.',
      },
      ar: { title: 'تجري إعادة محاولة مهمة خلفية', meaning: 'فشلت المحاولة الأخيرة، وستتبعها محاولة أخرى تلقائيًا.' },
    },
  },
  'celery.task.timeout': {
    priority: 'HIGH',
    stakeholders: ['runtime_eng', 'sre'],
    card: 'celery_task_failure',
    words: {
      en: { title: 'Background task timed out', meaning: 'The task ran longer than it may and was stopped.' },
      ar: { title: 'انتهت مهلة مهمة خلفية', meaning: 'استغرقت المهمة وقتًا أطول من المسموح به فأُوقفت.' },
    },
  },
  'celery.task.dlq': {
    priority: 'CRITICAL',
    stakeholders: ['runtime_eng', 'devops'],
    card: 'celery_task_failure',
    words: {
      en: {
        title: 'Task moved to the dead letter queue',
        meaning: 'All retries failed; somebody has to decide whether to retry or discard it.',
      },
      ar: {
        title: 'نُقلت مهمة إلى قائمة المهام الفاشلة',
        meaning: 'فشلت جميع المحاولات؛ يلزم أن يقرر أحد المسؤولين إعادة تشغيلها أو تجاهلها.',
      },
    },
  },
  'celery.dlq.threshold': {
    priority: 'HIGH',
    stakeholders: ['runtime_eng', 'devops', 'pmo'],
    card: 'system_alert',
    words: {
      en: {
        title: 'Too many tasks in the dead letter queue',
        meaning: 'Failed tasks pile up faster than they are dealt with.',
      },
      ar: { title: 'تراكم المهام في قائمة المهام الفاشلة', meaning: 'تتراكم المهام الفاشلة أسرع من معالجتها.' },
    },
  },
  'celery.worker.offline': {
    priority: 'CRITICAL',
    stakeholders: ['runtime_eng', 'sre', 'cloudops'],
    card: 'system_alert',
    words: {
      en: {
        title: 'Celery worker is offline',
        meaning: 'Its queues are not being worked on, or more slowly than needed.',
      },
      ar: { title: 'عامل Celery غير متصل', meaning: 'لا تُعالَج قوائم انتظاره، أو تُعالَج أبطأ من المطلوب.' },
    },
  },
  'celery.queue.backlog': {
    priority: 'MEDIUM',
    stakeholders: ['runtime_eng', 'sre', 'pmo'],
    card: 'system_alert',
    words: {
      en: {
        title: 'Queue backlog is growing',
        meaning: 'Tasks arrive faster than the workers finish them; claims are delayed.',
      },
      ar: { title: 'تراكم في قائمة الانتظار', meaning: 'تصل المهام أسرع من إنجازها، وتتأخر المطالبات نتيجة لذلك.' },
    },
  },
} as const satisfies Record<string, EventTypeRow>
