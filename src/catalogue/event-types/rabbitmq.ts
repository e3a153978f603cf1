import type { EventTypeRow } from '../catalogue.ts'

/** Event types of RabbitMQ, besides `rabbitmq.node.down`. */
export const RABBITMQ = {
  'rabbitmq.node.recovered': {
    priority: 'INFO',
    stakeholders: ['runtime_eng', 'sre', 'cloudops'],
    card: 'system_alert',
    words: {
      en: {
        title: 'RabbitMQ node runs again',
        meaning: 'The node is part of the cluster again, or was removed from it.',
      },
      ar: { title: 'عادت عقدة RabbitMQ إلى العمل', meaning: 'عادت العقدة إلى العنقود، أو أُزيلت منه.' },
    },
  },
  'rabbitmq.alarm.raised': {
    priority: 'CRITICAL',
    stakeholders: ['runtime_eng', 'sre', 'cloudops'],
    card: 'system_alert',
    words: {
      en: {
        title: 'RabbitMQ takes no messages',
        meaning: 'A node lacks memory, disk space or file descriptors, and the whole cluster blocks its publishers.',
      },
      ar: {
        title: 'لا يقبل RabbitMQ رسائل جديدة',
        meaning: 'تنقص إحدى العقد ذاكرةٌ أو مساحة قرص أو واصفات ملفات، فيحجب العنقود كله المرسلين.',
      },
    },
  },
  'rabbitmq.alarm.cleared': {
    priority: 'INFO',
    stakeholders: ['runtime_eng', 'sre', 'cloudops'],
    card: 'system_alert',
    words: {
      en: { title: 'RabbitMQ takes messages again', meaning: 'The alarm of the node is over.' },
      ar: { title: 'عاد RabbitMQ إلى قبول الرسائل', meaning: 'زال إنذار العقدة.' },
    },
  },
  'rabbitmq.cluster.partitioned': {
    priority: 'CRITICAL',
    stakeholders: ['runtime_eng', 'sre', 'cloudops'],
    card: 'system_alert',
    words: {
      en: {
        title: 'RabbitMQ cluster is partitioned',
        meaning: 'Nodes do not see each other, and their queues may differ: messages can be lost or delivered twice.',
      },
      ar: {
        title: 'انقسم عنقود RabbitMQ',
        meaning: 'لا ترى العقد بعضها بعضًا وقد تختلف قوائمها، فقد تُفقد رسائل أو تُسلَّم مرتين.',
      },
    },
  },
  'rabbitmq.quorum.critical': {
    priority: 'HIGH',
    stakeholders: ['runtime_eng', 'sre', 'cloudops'],
    card: 'system_alert',
    words: {
      en: {
        title: 'RabbitMQ queues have no node to spare',
        meaning: 'When one more node fails or is restarted, these queues lose their majority and stop.',
      },
      ar: {
        title: 'قوائم RabbitMQ بلا عقدة احتياطية',
        meaning: 'إذا تعطلت عقدة أخرى أو أُعيد تشغيلها فقدت هذه القوائم أغلبيتها وتوقفت.',
      },
    },
  },
  'rabbitmq.cluster.recovered': {
    priority: 'INFO',
    stakeholders: ['runtime_eng', 'sre', 'cloudops'],
    card: 'system_alert',
    words: {
      en: {
        title: 'RabbitMQ cluster is complete again',
        meaning: 'The nodes see each other, and queues have replicas to spare.',
      },
      ar: { title: 'اكتمل عنقود RabbitMQ من جديد', meaning: 'ترى العقد بعضها بعضًا، وللقوائم نسخ احتياطية.' },
    },
  },
  'rabbitmq.queue.unavailable': {
    priority: 'CRITICAL',
    stakeholders: ['runtime_eng', 'sre', 'cloudops'],
    card: 'system_alert',
    words: {
      en: {
        title: 'RabbitMQ queues are not available',
        meaning: 'Their nodes are down, or most of their replicas: they take no messages and deliver none.',
      },
      ar: {
        title: 'قوائم RabbitMQ غير متاحة',
        meaning: 'توقفت عقدها أو معظم نسخها، فهي لا تقبل رسائل ولا تسلّمها.',
      },
    },
  },
  'rabbitmq.queue.unconsumed': {
    priority: 'HIGH',
    stakeholders: ['runtime_eng', 'devops', 'sre'],
    card: 'system_alert',
    words: {
      en: {
        title: 'Queue has no consumer',
        meaning: 'Nobody works on its messages; they wait until a worker is connected again.',
      },
      ar: {
        title: 'قائمة انتظار بلا مستهلك',
        meaning: 'لا أحد يعالج رسائلها، وستبقى في الانتظار حتى يتصل عامل من جديد.',
      },
    },
  },
  'rabbitmq.queue.backlog': {
    priority: 'MEDIUM',
    stakeholders: ['runtime_eng', 'sre', 'pmo'],
    card: 'system_alert',
    words: {
      en: {
        title: 'Messages pile up in a queue',
        meaning: 'Its consumers are too slow or hang; what depends on these messages is delayed.',
      },
      ar: {
        title: 'تراكم الرسائل في قائمة انتظار',
        meaning: 'مستهلكوها بطيئون أو متوقفون، فيتأخر كل ما يعتمد على هذه الرسائل.',
      },
    },
  },
  'rabbitmq.queue.recovered': {
    priority: 'INFO',
    stakeholders: ['runtime_eng', 'sre'],
    card: 'system_alert',
    words: {
      en: { title: 'Queue is worked on again', meaning: 'The queue is within its limits again, or was removed.' },
      ar: { title: 'عادت معالجة قائمة الانتظار', meaning: 'عادت القائمة إلى حدودها، أو حُذفت.' },
    },
  },
  'rabbitmq.dlq.threshold': {
    priority: 'HIGH',
    stakeholders: ['runtime_eng', 'devops', 'pmo'],
    card: 'system_alert',
    words: {
      en: {
        title: 'Too many messages in a dead letter queue',
        meaning: 'Messages that could not be processed pile up; somebody has to decide about them.',
      },
      ar: {
        title: 'رسائل كثيرة في قائمة الرسائل الميتة',
        meaning: 'تتراكم رسائل تعذرت معالجتها، ويلزم أن يقرر أحد المسؤولين بشأنها.',
      },
    },
  },
  'rabbitmq.dlq.growing': {
    priority: 'HIGH',
    stakeholders: ['runtime_eng', 'devops'],
    card: 'system_alert',
    words: {
      en: {
        title: 'Dead letter queue is growing',
        meaning: 'Messages are failing at this moment: consumers reject them, or they expire.',
      },
      ar: {
        title: 'قائمة الرسائل الميتة تكبر',
        meaning: 'تفشل رسائل في هذه اللحظة؛ يرفضها المستهلكون أو تنتهي صلاحيتها.',
      },
    },
  },
  'rabbitmq.dlq.recovered': {
    priority: 'INFO',
    stakeholders: ['runtime_eng', 'devops'],
    card: 'system_alert',
    words: {
      en: {
        title: 'Dead letter queue is within its limits again',
        meaning: 'It holds fewer messages, or grows no more.',
      },
      ar: { title: 'عادت قائمة الرسائل الميتة إلى حدودها', meaning: 'قلّ ما فيها من رسائل، أو توقف نموها.' },
    },
  },
} as const satisfies Record<string, EventTypeRow>
