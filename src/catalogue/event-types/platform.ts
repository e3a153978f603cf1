import type { EventTypeRow } from '../catalogue.ts'

/** Event types of the rest of the platform, of compliance and of projects, and those of the gateway's own events. */
export const PLATFORM = {
  'rabbitmq.node.down': {
    priority: 'CRITICAL',
    stakeholders: ['runtime_eng', 'sre', 'cloudops'],
    card: 'system_alert',
    aliases: ['system.rabbitmq.node_down'],
    words: {
      en: { title: 'RabbitMQ node is down', meaning: 'Messages may be delayed, and the cluster has lost redundancy.' },
      ar: { title: 'إحدى عقد RabbitMQ متوقفة', meaning: 'قد تتأخر الرسائل، وفقد العنقود عقدةً احتياطية.' },
    },
  },
  'redis.replica.lagging': {
    priority: 'MEDIUM',
    stakeholders: ['runtime_eng', 'sre', 'cloudops'],
    card: 'system_alert',
    words: {
      en: {
        title: 'Redis replica is lagging behind',
        meaning: 'Reads from the replica are out of date; a failover now would lose data.',
      },
      ar: {
        title: 'تأخر نسخة Redis المتماثلة',
        meaning: 'البيانات المقروءة من النسخة قديمة، وقد يؤدي التحويل إليها الآن إلى فقدان بيانات.',
      },
    },
  },
  'redis.connection.lost': {
    priority: 'CRITICAL',
    stakeholders: ['runtime_eng', 'sre', 'cloudops'],
    card: 'system_alert',
    aliases: ['system.redis.connection_lost'],
    words: {
      en: {
        title: 'Redis connection lost',
        meaning: 'Services that need Redis, such as live listeners and task results, fail until it is back.',
      },
      ar: {
        title: 'انقطع الاتصال بـ Redis',
        meaning: 'تتعطل الخدمات التي تعتمد على Redis، مثل نتائج المهام والمتابعة المباشرة، حتى يعود الاتصال.',
      },
    },
  },
  'postgres.connection.exhausted': {
    priority: 'CRITICAL',
    stakeholders: ['runtime_eng', 'sre', 'cloudops'],
    card: 'system_alert',
    words: {
      en: { title: 'PostgreSQL is out of connections', meaning: 'Services can not open new connections and fail.' },
      ar: { title: 'نفدت اتصالات PostgreSQL', meaning: 'لا تستطيع الخدمات فتح اتصالات جديدة فتتعطل.' },
    },
  },
  'postgres.replication.lag': {
    priority: 'MEDIUM',
    stakeholders: ['sre', 'devops', 'cloudops'],
    card: 'system_alert',
    aliases: ['system.postgres.replication_lag'],
    words: {
      en: {
        title: 'PostgreSQL replica is lagging behind',
        meaning: 'Reads from the replica are out of date; a failover now would lose data.',
      },
      ar: {
        title: 'تأخر نسخة PostgreSQL المتماثلة',
        meaning: 'البيانات المقروءة من النسخة قديمة، وقد يؤدي التحويل إليها الآن إلى فقدان بيانات.',
      },
    },
  },
  'kubernetes.pod.crashloop': {
    priority: 'CRITICAL',
    stakeholders: ['devops', 'sre', 'cloudops'],
    card: 'system_alert',
    aliases: ['system.kubernetes.pod_crashlooping'],
    words: {
      en: {
        title: 'Pod keeps crashing',
        meaning: 'Kubernetes restarts it again and again; what it serves is down or unstable.',
      },
      ar: {
        title: 'انهيار متكرر لإحدى الحاويات (Pod)',
        meaning: 'تعيد Kubernetes تشغيلها مرة بعد مرة؛ الخدمة متوقفة أو غير مستقرة.',
      },
    },
  },
  'security.alert': {
    priority: 'HIGH',
    stakeholders: ['security_eng', 'sre'],
    card: 'system_alert',
    words: {
      en: {
        title: 'Security alert',
        meaning: 'Something that may endanger systems or data; Security Engineering has to look at it.',
      },
      ar: { title: 'تنبيه أمني', meaning: 'أمر قد يهدد الأنظمة أو البيانات، ويجب أن تنظر فيه هندسة الأمن.' },
    },
  },
  'prometheus.alert.firing': {
    priority: 'HIGH',
    stakeholders: ['sre', 'devops', 'cloudops'],
    card: 'system_alert',
    words: {
      en: { title: 'Alert is firing', meaning: 'A monitoring rule has been broken for longer than it allows.' },
      ar: { title: 'تنبيه نشط من المراقبة', meaning: 'تجاوزت القيمة حدّها مدة أطول من المسموح بها.' },
    },
  },
  'prometheus.alert.resolved': {
    priority: 'INFO',
    stakeholders: ['sre', 'devops', 'cloudops'],
    card: 'system_alert',
    words: {
      en: { title: 'Alert resolved', meaning: 'The measured value is back within its limits.' },
      ar: { title: 'زال التنبيه', meaning: 'عادت القيمة المقاسة إلى حدودها.' },
    },
  },
  'backup.failed': {
    priority: 'HIGH',
    stakeholders: ['sre', 'compliance', 'pmo'],
    card: 'compliance_notification',
    words: {
      en: {
        title: 'Backup failed',
        meaning: 'There is no current backup, so data written since the last one are at risk.',
      },
      ar: {
        title: 'فشل النسخ الاحتياطي',
        meaning: 'لا توجد نسخة احتياطية حديثة، والبيانات المسجلة منذ آخر نسخة معرضة للفقدان.',
      },
    },
  },
  'compliance.audit.event': {
    priority: 'MEDIUM',
    stakeholders: ['compliance'],
    card: 'compliance_notification',
    words: {
      en: { title: 'Audit event', meaning: 'Something happened that the Compliance Office has to know of.' },
      ar: { title: 'حدث تدقيق', meaning: 'حدث أمر يجب أن يطّلع عليه مكتب الالتزام.' },
    },
  },
  'compliance.pdpl.notification': {
    priority: 'HIGH',
    stakeholders: ['compliance'],
    card: 'compliance_notification',
    words: {
      en: {
        title: 'PDPL notification',
        meaning: 'A matter under the Personal Data Protection Law, with a deadline to keep.',
      },
      ar: {
        title: 'إشعار بموجب نظام حماية البيانات الشخصية',
        meaning: 'مسألة تخضع لنظام حماية البيانات الشخصية ولها مهلة يجب الالتزام بها.',
      },
    },
  },
  'deployment.completed': {
    priority: 'INFO',
    stakeholders: ['devops', 'pmo'],
    card: 'system_alert',
    words: {
      en: { title: 'Deployment completed', meaning: 'The new version is live.' },
      ar: { title: 'اكتمل نشر الإصدار', meaning: 'الإصدار الجديد قيد التشغيل.' },
    },
  },
  'deployment.failed': {
    priority: 'HIGH',
    stakeholders: ['devops', 'pmo'],
    card: 'system_alert',
    words: {
      en: { title: 'Deployment failed', meaning: 'The new version is not live; check which version is running.' },
      ar: { title: 'فشل نشر الإصدار', meaning: 'الإصدار الجديد ليس قيد التشغيل؛ يُرجى التحقق من الإصدار العامل.' },
    },
  },
  'deployment.rolledback': {
    priority: 'MEDIUM',
    stakeholders: ['devops', 'pmo'],
    card: 'system_alert',
    words: {
      en: { title: 'Deployment rolled back', meaning: 'The version before it is live again.' },
      ar: { title: 'تراجُع عن نشر إصدار', meaning: 'عاد الإصدار السابق إلى التشغيل.' },
    },
  },
  'deployment.removed': {
    priority: 'INFO',
    stakeholders: ['devops', 'pmo'],
    card: 'system_alert',
    words: {
      en: { title: 'Service removed', meaning: 'The service does not run in this environment any more.' },
      ar: { title: 'أُزيلت خدمة', meaning: 'لم تعد الخدمة تعمل في هذه البيئة.' },
    },
  },
  'deployment.environment.changed': {
    priority: 'INFO',
    stakeholders: ['devops'],
    card: 'system_alert',
    words: {
      en: { title: 'Environment changed', meaning: 'A place where services run was created, changed or deleted.' },
      ar: { title: 'تغيّرت بيئة تشغيل', meaning: 'أُنشئت بيئة تعمل فيها الخدمات أو عُدّلت أو حُذفت.' },
    },
  },
  'pipeline.failed': {
    priority: 'MEDIUM',
    stakeholders: ['devops'],
    card: 'system_alert',
    words: {
      en: { title: 'Pipeline failed', meaning: 'A run of a build or delivery pipeline did not succeed.' },
      ar: { title: 'فشل خط التسليم', meaning: 'لم ينجح تشغيل خط البناء أو التسليم.' },
    },
  },
  'pipeline.completed': {
    priority: 'INFO',
    stakeholders: ['devops'],
    card: 'system_alert',
    words: {
      en: { title: 'Pipeline succeeded', meaning: 'A run of a build or delivery pipeline succeeded.' },
      ar: { title: 'نجح خط التسليم', meaning: 'نجح تشغيل خط البناء أو التسليم.' },
    },
  },
  'project.milestone.reached': {
    priority: 'INFO',
    stakeholders: ['pmo'],
    card: 'system_alert',
    words: {
      en: { title: 'Milestone reached', meaning: 'A planned step of the project is done.' },
      ar: { title: 'تحقّق إنجاز مرحلي', meaning: 'اكتملت إحدى مراحل المشروع المخطط لها.' },
    },
  },
  'followup.batch.status': {
    priority: 'MEDIUM',
    stakeholders: ['nphies_integration', 'pmo'],
    card: 'followup_status',
    words: {
      en: {
        title: 'Follow-up: batch {batch_no}',
        meaning: 'Where a batch of claims stands on the daily follow-up worksheet.',
      },
      ar: { title: 'متابعة الدفعة {batch_no}', meaning: 'موقف دفعة المطالبات في ورقة المتابعة اليومية.' },
    },
  },
  'audit.checkpoint': {
    priority: 'INFO',
    stakeholders: ['compliance'],
    card: 'audit_checkpoint',
    words: {
      en: {
        title: 'Audit checkpoint: {entries} entries',
        meaning:
          'The signed state of the audit trail. Keep this card: it shows later whether anything before it was changed.',
      },
      ar: {
        title: 'نقطة تحقق لسجل التدقيق – القيود: {entries}',
        meaning: 'حالة موقّعة لسجل التدقيق. احتفظ بهذه البطاقة، فهي تُظهر لاحقًا ما إذا تغيّر شيء سُجّل قبلها.',
      },
    },
  },
  'gateway.digest': {
    priority: 'INFO',
    stakeholders: [],
    card: 'digest',
    words: {
      en: {
        title: 'Digest: {count} notifications',
        meaning: 'So many waited at once that one card stands for all of them. Each is kept with its event.',
      },
      ar: {
        title: 'موجز الإشعارات – العدد: {count}',
        meaning: 'تراكمت الإشعارات في وقت واحد فجُمعت في هذه البطاقة، وكل منها محفوظ مع حدثه.',
      },
    },
  },
  'gateway.followup': {
    priority: 'INFO',
    stakeholders: [],
    card: 'action_followup',
    words: {
      en: { title: '{done}: {event}', meaning: 'What somebody did to an event of this channel.' },
      ar: { title: '{done}: {event}', meaning: 'إجراء اتُّخذ بشأن حدث في هذه القناة.' },
    },
  },
} as const satisfies Record<string, EventTypeRow>
