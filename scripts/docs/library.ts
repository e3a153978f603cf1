import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Extractor, ExtractorConfig, ExtractorLogLevel, type ExtractorMessage } from '@microsoft/api-extractor'
import {
  type ApiClass,
  type ApiDeclaredItem,
  ApiDocumentedItem,
  type ApiFunction,
  type ApiInterface,
  type ApiItem,
  ApiItemKind,
  ApiModel,
  ApiReturnTypeMixin,
} from '@microsoft/api-extractor-model'
import { markdownOf, type Names, textOf } from './doc-comments.ts'
import { code, page, table } from './markdown.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * `docs/reference/library.md`: every export of `src/index.ts`, from its declaration and its doc comment. The compiler writes the
 * declarations and API Extractor reads them, with a TypeScript of its own: that of the repository has no JavaScript API.
 * Takes about five seconds.
 */
export function libraryPage(): string {
  const folder = mkdtempSync(join(tmpdir(), 'claimlinc-library-'))
  try {
    const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'))
    const emit = ['-p', 'tsconfig.build.json', '--emitDeclarationOnly', '--noCheck', '--outDir', join(folder, 'dist')]
    execFileSync(process.execPath, [join(typescript, 'bin/tsc'), ...emit], { cwd: root })
    return written(extract(folder))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Reads the declarations in `folder` and gives the exports of the entry. */
function extract(folder: string): readonly ApiItem[] {
  const apiJsonFilePath = join(folder, 'library.api.json')
  const off = { default: { logLevel: ExtractorLogLevel.None } }
  const config = ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: join(root, 'package.json'),
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: join(folder, 'dist/index.d.ts'),
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            module: 'nodenext',
            target: 'es2024',
            strict: true,
            skipLibCheck: true,
            types: ['node'],
            typeRoots: [join(root, 'node_modules/@types')],
          },
          files: [join(folder, 'dist/index.d.ts')],
        },
      },
      docModel: { enabled: true, apiJsonFilePath },
      messages: { compilerMessageReporting: off, extractorMessageReporting: off, tsdocMessageReporting: off },
    },
  })
  Extractor.invoke(config, { localBuild: true, messageCallback: silence })
  return new ApiModel().loadPackage(apiJsonFilePath).entryPoints[0]?.members ?? []
}

/** Silences messages that would go to the console. The compiler has checked the same declarations already. */
function silence(message: ExtractorMessage): void {
  message.handled = true
}

const GROUPS = [
  ['Functions and values', [ApiItemKind.Function, ApiItemKind.Variable, ApiItemKind.Class]],
  ['Types', [ApiItemKind.Interface, ApiItemKind.TypeAlias]],
] as const

function written(items: readonly ApiItem[]): string {
  const names: Names = new Set(items.map(({ displayName }) => displayName))
  const order = exportOrder()
  const sorted = [...items].sort((a, b) => order.indexOf(a.displayName) - order.indexOf(b.displayName))
  const groups = GROUPS.map(([title, kinds]) => ({
    title,
    members: sorted.filter(({ kind }) => (kinds as readonly ApiItemKind[]).includes(kind)),
  }))
  const contents = groups.map(({ title, members }) => {
    const rows = members.map((item) => [link(item.displayName), firstSentence(item, names)])
    return `## ${title}\n\n${table(['name', 'description'], rows)}`
  })
  return page(
    'Library',
    'the doc comments of what src/index.ts exports',
    "What `import … from 'claimlinc-teams'` gives. Nothing happens at the import itself. Errors are a [`GatewayError`](#gatewayerror) with a code of [errors](errors.md) and every problem at once; the settings that are named are in [settings](settings.md).",
    ...contents,
    ...groups.flatMap(({ members }) => members.map((item) => section(item, names))),
  )
}

/** Exported names in the order of `src/index.ts`, which is by subject. */
function exportOrder(): readonly string[] {
  return readFileSync(join(root, 'src/index.ts'), 'utf8').match(/\w+/g) ?? []
}

function link(name: string): string {
  return `[${code(name)}](#${name.toLowerCase()})`
}

function firstSentence(item: ApiItem, names: Names): string {
  const comment = item instanceof ApiDocumentedItem ? item.tsdocComment : undefined
  const text = textOf(comment?.summarySection, names)
  return (/^.*?[.:](?=\s|$)/s.exec(text)?.[0] ?? text).replace(/:$/, '.')
}

function section(item: ApiItem, names: Names): string {
  const { excerpt } = item as ApiDeclaredItem
  const comment = item instanceof ApiDocumentedItem ? item.tsdocComment : undefined
  const parts = [
    `## ${code(item.displayName)}`,
    `\`\`\`typescript\n${signature(item, excerpt.text)}\n\`\`\``,
    markdownOf(comment?.summarySection, names),
    markdownOf(comment?.remarksBlock?.content, names),
    parameters(item, names),
    ApiReturnTypeMixin.isBaseClassOf(item) && comment?.returnsBlock
      ? `**Returns** ${markdownOf(comment.returnsBlock.content, names)}`
      : '',
    ...errors(item, names),
    members(item, names),
    ...examples(item, names),
  ]
  return parts.filter((part) => part.trim() !== '').join('\n\n')
}

/** The declaration; of an interface or a class only its first line, since the members stand in a table. */
function signature(item: ApiItem, text: string): string {
  const plain = text.replace(/^export (declare )?/, '').trim()
  if (item.kind === ApiItemKind.Variable) return `const ${plain}`
  return plain
}

function parameters(item: ApiItem, names: Names): string {
  if (item.kind !== ApiItemKind.Function) return ''
  const rows = (item as ApiFunction).parameters.map((one) => [
    code(one.name),
    typeText(one.parameterTypeExcerpt.text, names),
    textOf(one.tsdocParamBlock?.content, names),
  ])
  return rows.length === 0 ? '' : table(['parameter', 'type', 'description'], rows)
}

function errors(item: ApiItem, names: Names): string[] {
  const comment = item instanceof ApiDocumentedItem ? item.tsdocComment : undefined
  const thrown = comment?.customBlocks.filter(({ blockTag }) => blockTag.tagNameWithUpperCase === '@THROWS') ?? []
  return thrown.map(({ content }) => `**Throws** ${markdownOf(content, names)}`)
}

function examples(item: ApiItem, names: Names): string[] {
  const comment = item instanceof ApiDocumentedItem ? item.tsdocComment : undefined
  const blocks = comment?.customBlocks.filter(({ blockTag }) => blockTag.tagNameWithUpperCase === '@EXAMPLE') ?? []
  return blocks.map(({ content }) => markdownOf(content, names))
}

function members(item: ApiItem, names: Names): string {
  if (item.kind !== ApiItemKind.Interface && item.kind !== ApiItemKind.Class) return ''
  const rows = (item as ApiInterface | ApiClass).members.map((member) => {
    const { excerpt } = member as ApiDeclaredItem
    const text = excerpt.text.replace(/\s+/g, ' ').replace(/;$/, '').trim()
    const comment = member instanceof ApiDocumentedItem ? member.tsdocComment : undefined
    const words = [textOf(comment?.summarySection, names), ...errors(member, names).map(oneLine)]
    return [typeText(text, names), words.filter((part) => part !== '').join(' ')]
  })
  return rows.length === 0 ? '' : table(['member', 'description'], rows)
}

function typeText(text: string, names: Names): string {
  const shown = code(oneLine(text))
  if (names.has(oneLine(text))) return link(oneLine(text))
  const named = [...new Set(text.match(/\b[A-Z]\w+/g) ?? [])].filter((name) => names.has(name))
  return [shown, ...named.map(link)].join(' ')
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
