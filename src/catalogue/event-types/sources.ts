import type { EventTypeRow } from '../catalogue.ts'

/** Event types of sources: what the gateway sees by itself, that it can not see, and heartbeats that it misses. */
export const SOURCES = {
  'gateway.source.blind': {
    priority: 'HIGH',
    stakeholders: ['sre', 'devops', 'cloudops'],
    card: 'system_alert',
    words: {
      en: {
        title: 'Monitoring of a system is blind',
        meaning: 'The gateway can not see this system. It may be down; and what happens there is not reported.',
      },
      ar: {
        title: 'تعذرت مراقبة أحد الأنظمة',
        meaning: 'لا تستطيع البوابة رؤية هذا النظام. قد يكون متوقفًا، ولن يُبلَّغ عمّا يحدث فيه.',
      },
    },
  },
  'gateway.source.recovered': {
    priority: 'INFO',
    stakeholders: ['sre', 'devops', 'cloudops'],
    card: 'system_alert',
    words: {
      en: {
        title: 'Monitoring of a system sees again',
        meaning: 'The gateway sees this system again. The guide of sources says what was lost meanwhile.',
      },
      ar: {
        title: 'عادت مراقبة أحد الأنظمة',
        meaning: 'عادت البوابة ترى هذا النظام. يوضح دليل المصادر ما فُقد خلال الانقطاع.',
      },
    },
  },
  'postgres.connection.recovered': {
    priority: 'INFO',
    stakeholders: ['runtime_eng', 'sre', 'cloudops'],
    card: 'system_alert',
    words: {
      en: {
        title: 'PostgreSQL has free connections again',
        meaning: 'The connections in use are below their limit again.',
      },
      ar: { title: 'توفرت اتصالات PostgreSQL من جديد', meaning: 'عاد عدد الاتصالات المستخدمة إلى ما دون حدّه.' },
    },
  },
  'postgres.replication.recovered': {
    priority: 'INFO',
    stakeholders: ['sre', 'devops', 'cloudops'],
    card: 'system_alert',
    words: {
      en: { title: 'PostgreSQL replica has caught up', meaning: 'Replication is within its limits again.' },
      ar: { title: 'لحقت نسخة PostgreSQL المتماثلة', meaning: 'عادت المزامنة إلى حدودها.' },
    },
  },
  'postgres.replica.missing': {
    priority: 'HIGH',
    stakeholders: ['sre', 'devops', 'cloudops'],
    card: 'system_alert',
    words: {
      en: {
        title: 'PostgreSQL replica is missing',
        meaning: 'No replica streams where one should: a failover now would lose data, or is not possible.',
      },
      ar: {
        title: 'نسخة PostgreSQL المتماثلة غائبة',
        meaning: 'لا توجد نسخة متماثلة متصلة كما يجب؛ قد يؤدي التحويل الآن إلى فقدان بيانات أو يتعذر.',
      },
    },
  },
  'postgres.slot.retaining': {
    priority: 'HIGH',
    stakeholders: ['sre', 'devops', 'cloudops'],
    card: 'system_alert',
    words: {
      en: {
        title: 'PostgreSQL replication slot retains WAL',
        meaning: 'Its consumer does not read, so WAL files pile up until the disk is full, or the slot is lost.',
      },
      ar: {
        title: 'خانة نسخ PostgreSQL تحتجز ملفات WAL',
        meaning: 'لا يقرأ المستهلك من الخانة، فتتراكم ملفات WAL حتى يمتلئ القرص أو تُفقد الخانة.',
      },
    },
  },
  'postgres.slot.recovered': {
    priority: 'INFO',
    stakeholders: ['sre', 'devops', 'cloudops'],
    card: 'system_alert',
    words: {
      en: {
        title: 'PostgreSQL replication slot is read again',
        meaning: 'It retains less WAL than its limit, or was removed.',
      },
      ar: {
        title: 'عادت القراءة من خانة نسخ PostgreSQL',
        meaning: 'ما تحتجزه من ملفات WAL دون حدّه، أو حُذفت الخانة.',
      },
    },
  },
  'postgres.transaction.long': {
    priority: 'MEDIUM',
    stakeholders: ['runtime_eng', 'sre'],
    card: 'system_alert',
    words: {
      en: {
        title: 'PostgreSQL transaction stays open',
        meaning: 'It keeps its locks and stops vacuum from removing old rows; tables grow and become slow.',
      },
      ar: {
        title: 'معاملة PostgreSQL مفتوحة منذ وقت طويل',
        meaning: 'تحتفظ بأقفالها وتمنع تنظيف الصفوف القديمة، فتكبر الجداول وتبطؤ.',
      },
    },
  },
  'redis.replica.missing': {
    priority: 'HIGH',
    stakeholders: ['runtime_eng', 'sre', 'cloudops'],
    card: 'system_alert',
    words: {
      en: {
        title: 'Redis replica is missing',
        meaning: 'No replica is connected where one should be: a failover now would lose data, or is not possible.',
      },
      ar: {
        title: 'نسخة Redis المتماثلة غائبة',
        meaning: 'لا توجد نسخة متماثلة متصلة كما يجب؛ قد يؤدي التحويل الآن إلى فقدان بيانات أو يتعذر.',
      },
    },
  },
  'redis.replica.recovered': {
    priority: 'INFO',
    stakeholders: ['runtime_eng', 'sre', 'cloudops'],
    card: 'system_alert',
    words: {
      en: { title: 'Redis replica has caught up', meaning: 'Replication is within its limits again.' },
      ar: { title: 'لحقت نسخة Redis المتماثلة', meaning: 'عادت المزامنة إلى حدودها.' },
    },
  },
  'redis.persistence.failing': {
    priority: 'HIGH',
    stakeholders: ['runtime_eng', 'sre', 'cloudops'],
    card: 'system_alert',
    words: {
      en: {
        title: 'Redis can not save its data',
        meaning: 'A restart now would lose data; with its default settings, Redis also refuses writes.',
      },
      ar: {
        title: 'يتعذر على Redis حفظ بياناته',
        meaning: 'قد تُفقد بيانات عند إعادة التشغيل الآن، ويرفض Redis الكتابة بإعداداته الافتراضية.',
      },
    },
  },
  'redis.persistence.recovered': {
    priority: 'INFO',
    stakeholders: ['runtime_eng', 'sre', 'cloudops'],
    card: 'system_alert',
    words: {
      en: { title: 'Redis saves its data again', meaning: 'The last save succeeded.' },
      ar: { title: 'عاد Redis إلى حفظ بياناته', meaning: 'نجحت آخر عملية حفظ.' },
    },
  },
  'postgres.transaction.ended': {
    priority: 'INFO',
    stakeholders: ['runtime_eng', 'sre'],
    card: 'system_alert',
    words: {
      en: {
        title: 'PostgreSQL transaction has ended',
        meaning: 'No transaction is open for longer than its limit any more.',
      },
      ar: { title: 'انتهت معاملة PostgreSQL الطويلة', meaning: 'لم تعد هناك معاملة مفتوحة تتجاوز الحد.' },
    },
  },
  'heartbeat.missed': {
    priority: 'HIGH',
    stakeholders: ['sre', 'devops', 'cloudops'],
    card: 'system_alert',
    words: {
      en: {
        title: 'A regular job gave no sign',
        meaning: 'It should have succeeded by now. It may not have run, may hang, or could not reach the gateway.',
      },
      ar: {
        title: 'لم تصل إشارة من مهمة دورية',
        meaning: 'كان يُفترض أن تنجح المهمة حتى الآن. ربما لم تعمل أو توقفت أو تعذر عليها الوصول إلى البوابة.',
      },
    },
  },
  'heartbeat.failed': {
    priority: 'HIGH',
    stakeholders: ['sre', 'devops', 'cloudops'],
    card: 'system_alert',
    words: {
      en: { title: 'A regular job failed', meaning: 'It ran and reported that it failed.' },
      ar: { title: 'فشلت مهمة دورية', meaning: 'عملت المهمة وأبلغت عن فشلها.' },
    },
  },
  'heartbeat.recovered': {
    priority: 'INFO',
    stakeholders: ['sre', 'devops', 'cloudops'],
    card: 'system_alert',
    words: {
      en: {
        title: 'A regular job succeeds again',
        meaning: 'It reported a success after it had failed or was missed.',
      },
      ar: { title: 'عادت مهمة دورية إلى النجاح', meaning: 'أبلغت المهمة عن نجاحها بعد فشل أو غياب.' },
    },
  },
  'backup.recovered': {
    priority: 'INFO',
    stakeholders: ['sre', 'compliance', 'pmo'],
    card: 'compliance_notification',
    words: {
      en: { title: 'Backup succeeds again', meaning: 'There is a current backup again.' },
      ar: { title: 'عاد النسخ الاحتياطي إلى النجاح', meaning: 'توجد نسخة احتياطية حديثة من جديد.' },
    },
  },
} as const satisfies Record<string, EventTypeRow>
