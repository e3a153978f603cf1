/**
 * Power Automate's error answers, `{"error":{"code","message"}}`. Codes and texts of 400, 401 and 404 are from reports
 * of its users. For other statuses only the structure is known, and the codes are common ones of Azure.
 */
export const REFUSALS = {
  MissingApiVersionParameter: {
    status: 400,
    message: 'The api-version query parameter (?api-version=) is required for all requests.',
  },
  InvalidRequestContent: {
    status: 400,
    message: 'The request content is not valid and could not be deserialized as JSON in UTF-8.',
  },
  TriggerInputSchemaMismatch: {
    status: 400,
    message: "The input body for trigger 'manual' of type 'Request' did not match what its flow takes.",
  },
  DirectApiAuthorizationRequired: {
    status: 401,
    message: 'The request must be authenticated only by Shared Access scheme.',
  },
  DirectApiRequestHasMoreThanOneAuthorization: {
    status: 400,
    message: 'The request has both SAS authentication scheme and Bearer authorization scheme.',
  },
  WorkflowNotFound: { status: 404, message: 'The workflow could not be found.' },
  RequestEntityTooLarge: { status: 413, message: 'The request content is larger than the maximum allowed size.' },
  UnsupportedMediaType: {
    status: 415,
    message: "The request content type is not supported by trigger 'manual'; it must be application/json.",
  },
} as const satisfies Record<string, { status: number; message: string }>

/** Error code of a {@link REFUSALS} entry. */
export type RefusalCode = keyof typeof REFUSALS

/** Error codes of faults by status. */
const FAULT_CODES: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'DirectApiAuthorizationRequired',
  403: 'Forbidden',
  404: 'WorkflowNotFound',
  408: 'RequestTimeout',
  410: 'Gone',
  413: 'RequestEntityTooLarge',
  429: 'TooManyRequests',
  500: 'InternalServerError',
  502: 'BadGateway',
  503: 'ServiceUnavailable',
  504: 'GatewayTimeout',
}

/** The error code of a fault with this status. */
export function faultCode(status: number): string {
  return FAULT_CODES[status] ?? `Fault${status}`
}

/** An error body in Power Automate's form. */
export function errorBody(code: string, message: string): string {
  return JSON.stringify({ error: { code, message } })
}
