// @ts-check

const TEXTS = {
  en: {
    title: 'Teams sandbox',
    other_language: 'العربية',
    channels: 'Channels',
    live: 'Live',
    offline: 'Connecting…',
    theme: 'Theme',
    theme_system: 'System',
    theme_light: 'Light',
    theme_dark: 'Dark',
    sender: 'Workflows',
    messages_one: '{count} message',
    messages: '{count} messages',
    older: '{count} older messages are not shown.',
    empty: 'Nothing posted yet',
    hero_title: 'Waiting for the first event',
    hero_gateway: 'This is a stand-in for Microsoft Teams. Cards show up here as soon as an event is sent:',
    hero_alone:
      'This is a stand-in for Microsoft Teams. Send an event through the library, or post a message with an Adaptive Card to the webhook address of a channel, and it shows up here.',
    hero_http: 'Over HTTP',
    hero_cli: 'On the command line',
    copy: 'Copy',
    copied: 'Copied',
    bytes: '{size} of {limit} bytes',
    attempt: 'Attempt {number}',
    repeat: 'Repeat',
    repeat_help: 'The same notification was posted here before: an earlier attempt was cut off.',
    raw: 'Headers and JSON',
    headers: 'Headers',
    body: 'Body',
    failed: 'The flow run failed',
    failed_help: 'The sender got a 202. This message does not appear in Teams.',
    no_card: 'The flow ran, but there was no card to post.',
    undrawable: 'This card can not be drawn.',
    dead_action: '{type} can not work here: a card posted through a webhook can not call back. Only links can.',
    new_message: 'New message in {channel}',
    faults: 'Faults',
    faults_help: 'Faults for posts to {channel}',
    fault_throttle: '429 for 30 s',
    fault_error: '500',
    fault_slow: 'Slow, 5 s',
    fault_cut: 'Cut off',
    fault_clear: 'Clear',
    fault_now: 'Fault: {fault}',
    fault_until: 'until {time}',
    fault_times: '{count} more times',
    refused_one: '{count} post refused, at {time}: {refusal}',
    refused: '{count} posts refused, the last at {time}: {refusal}',
    clear_messages: 'Remove messages',
  },
  ar: {
    title: 'Teams التجريبي',
    other_language: 'English',
    channels: 'القنوات',
    live: 'مباشر',
    offline: 'جارٍ الاتصال…',
    theme: 'المظهر',
    theme_system: 'النظام',
    theme_light: 'فاتح',
    theme_dark: 'داكن',
    sender: 'Workflows',
    messages_one: 'رسالة واحدة',
    messages: 'عدد الرسائل: {count}',
    older: 'رسائل أقدم غير معروضة: {count}',
    empty: 'لم يُنشر شيء بعد',
    hero_title: 'في انتظار أول حدث',
    hero_gateway: 'هذه بيئة بديلة عن Microsoft Teams. تظهر البطاقات هنا فور إرسال حدث:',
    hero_alone:
      'هذه بيئة بديلة عن Microsoft Teams. أرسل حدثًا عبر المكتبة، أو رسالة فيها بطاقة Adaptive Card إلى عنوان الويب هوك لإحدى القنوات، فتظهر هنا.',
    hero_http: 'عبر HTTP',
    hero_cli: 'من سطر الأوامر',
    copy: 'نسخ',
    copied: 'تم النسخ',
    bytes: '{size} من {limit} بايت',
    attempt: 'المحاولة {number}',
    repeat: 'مكررة',
    repeat_help: 'سبق نشر هذا الإشعار هنا: انقطعت محاولة سابقة.',
    raw: 'الترويسات وJSON',
    headers: 'الترويسات',
    body: 'المحتوى',
    failed: 'فشل تشغيل التدفق',
    failed_help: 'تلقى المرسل الرد 202، ولن تظهر هذه الرسالة في Teams.',
    no_card: 'اكتمل التدفق، لكن لم تكن هناك بطاقة لنشرها.',
    undrawable: 'تعذر عرض هذه البطاقة.',
    dead_action: 'لا يعمل {type} هنا: البطاقة المنشورة عبر الويب هوك لا تستطيع الاتصال بنا، والروابط وحدها تعمل.',
    new_message: 'رسالة جديدة في {channel}',
    faults: 'الأعطال',
    faults_help: 'أعطال الرسائل المرسلة إلى {channel}',
    fault_throttle: '429 لمدة 30 ث',
    fault_error: '500',
    fault_slow: 'بطء 5 ث',
    fault_cut: 'قطع الاتصال',
    fault_clear: 'إزالة',
    fault_now: 'عطل: {fault}',
    fault_until: 'حتى {time}',
    fault_times: 'المرات المتبقية: {count}',
    refused_one: 'رُفضت رسالة واحدة، عند {time}: {refusal}',
    refused: 'رُفضت {count} من الرسائل، آخرها عند {time}: {refusal}',
    clear_messages: 'حذف الرسائل',
  },
}

/** @typedef {keyof typeof TEXTS.en} TextKey */
/** @typedef {keyof typeof TEXTS} Language */

/**
 * Texts, numbers and times of the page in one language. The language of cards is independent of it.
 *
 * @param {Language} language
 */
export function textsOf(language) {
  // Western digits in Arabic too, as in the ids and sizes beside them.
  const locale = language === 'ar' ? 'ar-u-ca-gregory-nu-latn' : 'en-GB'
  const numbers = new Intl.NumberFormat(locale)
  const times = new Intl.DateTimeFormat(locale, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hour12: false,
  })
  const days = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' })
  return {
    language,
    direction: language === 'ar' ? 'rtl' : 'ltr',
    /**
     * @param {TextKey} key
     * @param {Record<string, string | number>} [values]
     */
    say: (key, values = {}) =>
      TEXTS[language][key].replace(/\{(\w+)\}/g, (_, name) => {
        const value = values[name] ?? ''
        return typeof value === 'number' ? numbers.format(value) : value
      }),
    /** @param {string} iso The time of day, with the day in front unless it is today. */
    time: (iso) => {
      const date = new Date(iso)
      const today = date.toDateString() === new Date().toDateString()
      return today ? times.format(date) : `${days.format(date)} ${times.format(date)}`
    },
  }
}

/** @typedef {ReturnType<typeof textsOf>} Texts */
