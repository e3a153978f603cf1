import type { TASK_RESULTS } from '../../contract/task-results.ts'

/** The Arabic texts of `TASK_RESULTS`. */
export const TASK_RESULTS_AR: {
  readonly [R in keyof typeof TASK_RESULTS]: { readonly title: string; readonly todo: string }
} = {
  task_not_listed: {
    title: 'لا يُسمح بإعادة تشغيل هذه المهمة من هنا',
    todo: 'أضف اسمها إلى retry_tasks في إعداد المصدر إن كان تشغيلها مرتين لا يضر.',
  },
  task_record_missing: {
    title: 'لم يعد لدى مخزن النتائج سجل لهذه المهمة',
    todo: 'شغّلها من تطبيقك. تُحفظ السجلات مدة result_expires، وهي يوم واحد افتراضيًا.',
  },
  task_arguments_missing: {
    title: 'لا يحتوي سجل النتيجة على معطيات المهمة',
    todo: 'شغّلها من تطبيقك. مع result_extended = True يحفظ Celery أسماء المهام القادمة ومعطياتها.',
  },
  task_not_registered: {
    title: 'لا يعرف أي عامل هذه المهمة',
    todo: 'انشر عمالًا يعرفونها وشغّلها من تطبيقك، فسجلها بلا معطيات.',
  },
  task_in_group: {
    title: 'المهمة جزء من مجموعة لن تُنفَّذ خاتمتها',
    todo: 'شغّل المجموعة كلها من جديد من تطبيقك.',
  },
  task_succeeded: { title: 'نجحت المهمة في هذه الأثناء', todo: 'لا شيء.' },
  task_not_ended: {
    title: 'لم تنته المهمة: تنتظر أو تُنفَّذ، أو فُقدت أثناء تنفيذها',
    todo: 'انتظر نهايتها. إن فُقد عاملها فتحقق هل أُنجز عملها، ثم شغّلها من تطبيقك.',
  },
  task_in_flight: {
    title: 'لدى أحد العمال رسالة لهذه المهمة',
    todo: 'انتظر حتى ينتهي. رسالة العامل المفقود تعود بعد انقضاء visibility timeout.',
  },
  task_queue_missing: {
    title: 'لا توجد قائمة انتظار المهمة لدى الوسيط',
    todo: 'شغّل عاملًا يستهلك هذه القائمة، ثم حاول من جديد.',
  },
  broker_refused: {
    title: 'رفض الوسيط أو مخزن النتائج طلب البوابة',
    todo: 'لم يُدرج شيء. امنح مستخدمها الصلاحيات المذكورة في docs/guides/celery.md.',
  },
  broker_not_reached: {
    title: 'تعذّر الوصول إلى الوسيط أو مخزن النتائج',
    todo: 'لم يُدرج شيء. حاول من جديد حين يجيب.',
  },
  task_publish_unknown: {
    title: 'لم يؤكد الوسيط استلام الرسالة: قد تكون المهمة مدرجة',
    todo: 'تحقق من قائمتها وعمالها قبل المحاولة من جديد. الوسيط الذي لديه إنذار ذاكرة أو قرص لا يؤكد شيئًا.',
  },
  archive_key_needed: {
    title: 'لا يوجد مفتاح للأرشيف، فلا يمكن حفظ الرسالة',
    todo: 'عيّن TEAMS_ARCHIVE_KEYS ثم حاول من جديد. الشرح في docs/guides/archive.md.',
  },
  dead_letter_not_found: {
    title: 'ليست الرسالة بين الأولى في قوائم الرسائل الميتة',
    todo: 'لم يُحذف شيء. قصّر القائمة ثم حاول من جديد.',
  },
  dead_letter_too_large: {
    title: 'الرسالة أكبر مما يمكن أرشفته',
    todo: 'لم يُحذف شيء. أزلها من قائمتها يدويًا.',
  },
  task_failed_again: { title: 'نُفِّذت المهمة من جديد وفشلت', todo: 'راجع سبب فشلها الجديد.' },
  task_not_finished: {
    title: 'أُدرجت المهمة من جديد ولم تنته خلال ساعة',
    todo: 'راجع قائمة انتظارها وعمالها. لا حاجة إلى إدراجها مرة أخرى.',
  },
}
