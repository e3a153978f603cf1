/**
 * Whether a key of a caller's data looks like the name of a field: `birth_date`, `birthDate`, `phone-2`. Only then may it
 * be told to people: any other, such as `P123456789` or `Sara Alharbi`, may be a value that came to be a key.
 */
export function isFieldName(name: string): boolean {
  return /^[a-z][A-Za-z]*(?:[_-][A-Za-z]+)*(?:[_-]?\d{1,2})?$/.test(name) && name.length <= 41
}
