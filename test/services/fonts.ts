import { globSync } from 'node:fs'
import { homedir, platform } from 'node:os'

/** A font with Arabic letters, without which Chromium draws boxes; undefined where there is none. */
export function findArabicFont(): string | undefined {
  // Only Linux comes without any.
  if (platform() !== 'linux') return 'of the system'
  const folders = [
    '/usr/share/fonts',
    '/usr/local/share/fonts',
    `${homedir()}/.fonts`,
    `${homedir()}/.local/share/fonts`,
  ]
  return globSync(folders.map((folder) => `${folder}/**/*.{ttf,otf}`)).find((file) => /arab|naskh|kufi/i.test(file))
}
