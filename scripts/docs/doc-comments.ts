import {
  type DocCodeSpan,
  type DocEscapedText,
  type DocFencedCode,
  type DocLinkTag,
  type DocNode,
  DocNodeKind,
  type DocPlainText,
} from '@microsoft/tsdoc'

/** The names that a page has a section for. */
export type Names = ReadonlySet<string>

/** A part of a doc comment as Markdown; links to the names of the page lead to their section. */
export function markdownOf(node: DocNode | undefined, names: Names): string {
  return node === undefined
    ? ''
    : withPages(writtenOf(node, names))
        .replace(/\n{3,}/g, '\n\n')
        .trim()
}

/** The same on one line, without blocks of code. */
export function textOf(node: DocNode | undefined, names: Names): string {
  return markdownOf(node, names)
    .replace(/^```[\s\S]*?^```$/gm, '')
    .replace(/\s+/g, ' ')
    .trim()
}

/** Sources name a page by its path; the reference links to it. */
function withPages(text: string): string {
  return text.replace(/`?docs\/(?:reference|(guides))\/([\w-]+)\.md`?/g, (_, guides?: string, name = '') =>
    guides ? `[${name}](../guides/${name}.md)` : `[${name}](${name}.md)`,
  )
}

function writtenOf(node: DocNode, names: Names): string {
  switch (node.kind) {
    case DocNodeKind.PlainText:
      return (node as DocPlainText).text
    case DocNodeKind.SoftBreak:
      return '\n'
    case DocNodeKind.EscapedText:
      return (node as DocEscapedText).decodedText
    case DocNodeKind.CodeSpan:
      return `\`${(node as DocCodeSpan).code}\``
    case DocNodeKind.FencedCode: {
      const { language, code } = node as DocFencedCode
      return `\n\n\`\`\`${language}\n${code.trimEnd()}\n\`\`\`\n\n`
    }
    case DocNodeKind.LinkTag:
      return linkOf(node as DocLinkTag, names)
    case DocNodeKind.Paragraph:
      return `${inner(node, names)}\n\n`
    default:
      return inner(node, names)
  }
}

function inner(node: DocNode, names: Names): string {
  return node
    .getChildNodes()
    .map((child) => writtenOf(child, names))
    .join('')
}

function linkOf({ codeDestination, urlDestination, linkText }: DocLinkTag, names: Names): string {
  if (urlDestination !== undefined) return linkText ? `[${linkText}](${urlDestination})` : `<${urlDestination}>`
  const path = codeDestination?.memberReferences.map(({ memberIdentifier }) => memberIdentifier?.identifier ?? '') ?? []
  const [name = ''] = path
  const text = `\`${linkText ?? path.join('.')}\``
  return names.has(name) ? `[${text}](#${name.toLowerCase()})` : text
}
