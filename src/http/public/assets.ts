import { readFile } from 'node:fs/promises'
import type { FastifyInstance } from 'fastify'

/** All files of the pages. Each has a route of its own: no path of a request is used as a file name (path traversal). */
const FILES: Readonly<Record<string, string>> = {
  'page.css': 'text/css; charset=utf-8',
  'icon.svg': 'image/svg+xml',
}

/** Adds the files that the pages need. They are the same for everybody, and may be kept by a cache. */
export function addAssets(app: FastifyInstance): void {
  for (const [name, type] of Object.entries(FILES))
    app.get(`/assets/${name}`, async (_request, reply) =>
      reply
        .type(type)
        .header('cache-control', 'public, max-age=3600')
        .send(await readFile(new URL(`./page/${name}`, import.meta.url))),
    )
}
