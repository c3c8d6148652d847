// Only what sdk/markdown.js uses, so that the vendored file itself needs no checking.
export class Tokenizer {
  rules: { block: Record<string, RegExp>; inline: Record<string, RegExp>; other: Record<string, any> }
  blockquote(src: string): any
  list(src: string): any
  emStrong(src: string, masked: string, before?: string): any
  del(src: string, masked: string, before?: string): any
  link(src: string): any
  codespan(src: string): any
  url(src: string): any
  inlineText(src: string): any
}
export class Lexer {
  constructor(options: { gfm: boolean; breaks: boolean; tokenizer: Tokenizer })
  tokenizer: Tokenizer
  lex(src: string): any[]
}
