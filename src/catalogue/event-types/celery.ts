import type { EventTypeRow } from '../catalogue.ts'

/** Event types that the source `celery` adds to those of tasks, workers and queues. */
export const CELERY = {
  'celery.task.lost': {
    priority: 'HIGH',
    stakeholders: ['runtime_eng', 'devops', 'sre'],
    card: 'celery_task_failure',
    words: {
      en: {
        title: 'Background task was lost',
        meaning: 'Its worker is gone, and no result came. Look at what the task had done before it is run again.',
      },
      ar: {
        title: 'فُقدت مهمة خلفية',
        meaning: 'اختفى العامل الذي كان ينفذها ولم تصل نتيجة. تحقق مما أنجزته قبل إعادة تشغيلها.',
      },
    },
  },
  'celery.task.rejected': {
    priority: 'HIGH',
    stakeholders: ['runtime_eng', 'devops'],
    card: 'celery_task_failure',
    words: {
      en: {
        title: 'Background task was rejected',
        meaning: 'The worker refused the message, and the task does not run.',
      },
      ar: { title: 'رُفضت مهمة خلفية', meaning: 'رفض العامل الرسالة، ولن تُنفَّذ المهمة.' },
    },
  },
  'celery.task.revoked': {
    priority: 'LOW',
    stakeholders: ['runtime_eng', 'devops'],
    card: 'celery_task_failure',
    words: {
      en: { title: 'Background task was revoked', meaning: 'Somebody cancelled the task; its work was not done.' },
      ar: { title: 'أُلغيت مهمة خلفية', meaning: 'ألغى أحدهم المهمة ولم يُنجَز عملها.' },
    },
  },
  'celery.task.expired': {
    priority: 'MEDIUM',
    stakeholders: ['runtime_eng', 'devops'],
    card: 'celery_task_failure',
    words: {
      en: {
        title: 'Background task expired',
        meaning: 'It waited in its queue for longer than it may, and was not run.',
      },
      ar: {
        title: 'انتهت صلاحية مهمة خلفية',
        meaning: 'انتظرت في قائمتها أطول من المسموح به، ولم تُنفَّذ.',
      },
    },
  },
  'celery.worker.recovered': {
    priority: 'INFO',
    stakeholders: ['runtime_eng', 'sre', 'cloudops'],
    card: 'system_alert',
    words: {
      en: { title: 'Celery workers are online again', meaning: 'The workers send heartbeats again, or were replaced.' },
      ar: { title: 'عاد عمال Celery إلى الاتصال', meaning: 'عادت إشارات العمال، أو حلّ غيرهم محلهم.' },
    },
  },
  'celery.worker.clock': {
    priority: 'LOW',
    stakeholders: ['runtime_eng', 'sre', 'cloudops'],
    card: 'system_alert',
    words: {
      en: {
        title: 'Clock of a Celery worker is wrong',
        meaning: 'Times that it gives are wrong, and tasks with a time expire or start too early or too late.',
      },
      ar: {
        title: 'ساعة أحد عمال Celery غير صحيحة',
        meaning: 'أوقاته غير صحيحة، وقد تبدأ المهام المؤقتة أو تنتهي صلاحيتها قبل موعدها أو بعده.',
      },
    },
  },
  'celery.queue.unattended': {
    priority: 'HIGH',
    stakeholders: ['runtime_eng', 'devops', 'sre'],
    card: 'system_alert',
    words: {
      en: { title: 'No worker consumes a queue', meaning: 'Tasks in this queue wait until a worker consumes it.' },
      ar: { title: 'لا يوجد عامل يعالج قائمة انتظار', meaning: 'تنتظر المهام في هذه القائمة حتى يعالجها أحد العمال.' },
    },
  },
  'celery.queue.recovered': {
    priority: 'INFO',
    stakeholders: ['runtime_eng', 'devops', 'sre', 'pmo'],
    card: 'system_alert',
    words: {
      en: {
        title: 'Queue is worked on again',
        meaning: 'Its backlog is within its limits, or workers consume it again.',
      },
      ar: { title: 'عادت معالجة قائمة الانتظار', meaning: 'عاد التراكم إلى حدوده، أو عاد العمال إلى معالجتها.' },
    },
  },
  'celery.dlq.recovered': {
    priority: 'INFO',
    stakeholders: ['runtime_eng', 'devops', 'pmo'],
    card: 'system_alert',
    words: {
      en: { title: 'Dead letter queue is below its limit', meaning: 'Failed tasks were dealt with.' },
      ar: { title: 'قائمة المهام الفاشلة دون حدّها', meaning: 'عولجت المهام الفاشلة.' },
    },
  },
  'celery.events.missing': {
    priority: 'HIGH',
    stakeholders: ['runtime_eng', 'devops', 'sre'],
    card: 'system_alert',
    words: {
      en: {
        title: 'Events of Celery are missing',
        meaning: 'Tasks that fail are not reported, or not all of them. The card says why, and what to do.',
      },
      ar: {
        title: 'أحداث Celery غائبة',
        meaning: 'لا يُبلَّغ عن المهام الفاشلة، أو عن بعضها. توضح البطاقة السبب وما يلزم.',
      },
    },
  },
  'celery.events.recovered': {
    priority: 'INFO',
    stakeholders: ['runtime_eng', 'devops', 'sre'],
    card: 'system_alert',
    words: {
      en: { title: 'Events of Celery come again', meaning: 'Tasks that fail are reported again.' },
      ar: { title: 'عادت أحداث Celery', meaning: 'عاد الإبلاغ عن المهام الفاشلة.' },
    },
  },
} as const satisfies Record<string, EventTypeRow>
