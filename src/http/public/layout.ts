import type { Language } from '../../catalogue/language.ts'
import { type Html, html, type Piece } from './html.ts'
import { textsOf } from './language.ts'
import type { Said } from './texts.ts'

/** What surrounds the content of a page. */
export interface Frame {
  readonly language: Language
  readonly title: string
  /** Address of this page in the other language; undefined where a page can not be fetched again. */
  readonly otherLanguageUrl?: string | undefined
  /** A form that signs the person out, at the end of the page. */
  readonly footer?: Html | undefined
}

/** A whole page. Without scripts and styles of its own, so that the Content-Security-Policy can forbid both. */
export function layout({ language, title, otherLanguageUrl, footer }: Frame, content: Piece): string {
  const texts = textsOf(language)
  const direction = language === 'ar' ? 'rtl' : 'ltr'
  const other = language === 'ar' ? 'en' : 'ar'
  return html`<!doctype html>
<html lang="${language}" dir="${direction}">
<head>
<meta charset="utf-8">
<title>${title} – ${texts.product}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex, nofollow">
<link rel="stylesheet" href="/assets/page.css">
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
</head>
<body>
<header><p class="product">${texts.product}</p>${
    otherLanguageUrl !== undefined &&
    html`<a class="language" href="${otherLanguageUrl}" hreflang="${other}" lang="${other}">${texts.otherLanguage}</a>`
  }</header>
<main>${content}</main>
${footer !== undefined && html`<footer>${footer}</footer>`}
</body>
</html>
`.text
}

/** A page that only says something: a title, what to do, and a code that support can look for. */
export function messagePage(
  frame: Omit<Frame, 'title'>,
  { title, todo }: Said,
  { code, more, kind = 'problem' }: { code?: string; more?: Piece; kind?: 'problem' | 'done' | 'note' } = {},
): string {
  const texts = textsOf(frame.language)
  return layout(
    { ...frame, title },
    html`<section class="message ${kind}"><h1>${title}</h1><p>${todo}</p>${more}</section>${
      code !== undefined && html`<p class="code">${texts.code}: <code dir="ltr">${code}</code></p>`
    }`,
  )
}
