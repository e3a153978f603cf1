import { findOnPath } from './find.ts'

/** Path of Chromium or Chrome; undefined where there is none. */
export function findChromium(): string | undefined {
  return findOnPath('chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome')
}

/**
 * What Chromium is started with besides `--headless` and a `--user-data-dir` of its own: no sandbox because tests run as root
 * in containers, and none of what makes it speak to the network by itself.
 */
export const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
] as const
