import type { EventTypeRow } from '../catalogue.ts'

/** Event types of claims and eligibility at NPHIES, and of the connection to it. */
export const NPHIES = {
  'nphies.eligibility.success': {
    priority: 'INFO',
    stakeholders: ['nphies_integration', 'pmo'],
    card: 'nphies_eligibility',
    words: {
      en: { title: 'Eligibility confirmed', meaning: 'The payer confirms that the member is covered.' },
      ar: { title: 'تأكدت أهلية المستفيد', meaning: 'تؤكد شركة التأمين أن المستفيد مشمول بالتغطية.' },
    },
  },
  'nphies.eligibility.denied': {
    priority: 'MEDIUM',
    stakeholders: ['nphies_integration', 'compliance'],
    card: 'nphies_eligibility',
    words: {
      en: { title: 'Eligibility denied', meaning: 'The payer does not cover this member for the request.' },
      ar: { title: 'رُفضت أهلية المستفيد', meaning: 'لا تغطي شركة التأمين هذا المستفيد في هذا الطلب.' },
    },
  },
  'nphies.eligibility.failed': {
    priority: 'HIGH',
    stakeholders: ['nphies_integration', 'devops', 'runtime_eng'],
    card: 'nphies_api_error',
    words: {
      en: {
        title: 'Eligibility check failed',
        meaning: "There is no answer on the member's coverage; the check has to be repeated.",
      },
      ar: { title: 'فشل التحقق من الأهلية', meaning: 'لم تَرِد نتيجة عن تغطية المستفيد؛ يجب إعادة التحقق.' },
    },
  },
  'nphies.claim.submitted': {
    priority: 'INFO',
    stakeholders: ['nphies_integration', 'pmo'],
    card: 'nphies_claim_submission',
    words: {
      en: {
        title: 'Claim submitted to NPHIES',
        meaning: 'The claim is with the payer; its answer is being waited for.',
      },
      ar: { title: 'أُرسلت المطالبة إلى نفيس', meaning: 'المطالبة لدى شركة التأمين، وردّها قيد الانتظار.' },
    },
  },
  'nphies.claim.approved': {
    priority: 'INFO',
    stakeholders: ['nphies_integration', 'pmo'],
    card: 'nphies_claim_approved',
    words: {
      en: { title: 'Claim approved', meaning: 'The payer accepts the claim.' },
      ar: { title: 'تمت الموافقة على المطالبة', meaning: 'وافقت شركة التأمين على المطالبة.' },
    },
  },
  'nphies.claim.rejected': {
    priority: 'HIGH',
    stakeholders: ['nphies_integration', 'compliance'],
    card: 'nphies_claim_rejected',
    words: {
      en: { title: 'Claim rejected', meaning: 'The payer refuses the claim; it has to be corrected and sent again.' },
      ar: { title: 'رُفضت المطالبة', meaning: 'رفضت شركة التأمين المطالبة؛ يجب تصحيحها وإعادة إرسالها.' },
    },
  },
  'nphies.api.error': {
    priority: 'CRITICAL',
    stakeholders: ['nphies_integration', 'devops', 'sre'],
    card: 'nphies_api_error',
    words: {
      en: {
        title: 'NPHIES request failed',
        meaning: 'Requests to NPHIES do not get through; claims and eligibility checks are affected.',
      },
      ar: {
        title: 'فشل طلب إلى منصة نفيس',
        meaning: 'لا تصل الطلبات إلى نفيس، ويتأثر بذلك إرسال المطالبات والتحقق من الأهلية.',
      },
    },
  },
  'nphies.certificate.invalid': {
    priority: 'CRITICAL',
    stakeholders: ['security_eng', 'nphies_integration'],
    card: 'nphies_api_error',
    words: {
      en: {
        title: 'NPHIES certificate is not valid',
        meaning: 'NPHIES refuses the connection until the certificate is replaced.',
      },
      ar: { title: 'شهادة الاتصال بنفيس غير صالحة', meaning: 'ترفض نفيس الاتصال حتى تُستبدل الشهادة.' },
    },
  },
  'nphies.jwt.expired': {
    priority: 'HIGH',
    stakeholders: ['security_eng', 'nphies_integration'],
    card: 'nphies_api_error',
    aliases: ['nphies.jwt.error'],
    words: {
      en: {
        title: 'NPHIES access token has expired',
        meaning: 'Requests to NPHIES are refused until a new token is issued.',
      },
      ar: { title: 'انتهت صلاحية رمز الدخول إلى نفيس', meaning: 'تُرفض الطلبات إلى نفيس حتى يصدر رمز جديد.' },
    },
  },
  'nphies.network.timeout': {
    priority: 'HIGH',
    stakeholders: ['nphies_integration', 'devops'],
    card: 'nphies_api_error',
    words: {
      en: {
        title: 'NPHIES does not answer in time',
        meaning: 'Requests to NPHIES time out; claims and eligibility checks are delayed.',
      },
      ar: {
        title: 'نفيس لا يستجيب في الوقت المحدد',
        meaning: 'تنتهي مهلة الطلبات إلى نفيس، وتتأخر المطالبات وعمليات التحقق من الأهلية.',
      },
    },
  },
} as const satisfies Record<string, EventTypeRow>
