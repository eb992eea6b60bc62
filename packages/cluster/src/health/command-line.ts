/** A command line for a shell: what is put in is quoted where it must be. */
export function commandLine(texts: TemplateStringsArray, ...words: readonly (string | number)[]): string {
  return texts.reduce((before, text, index) => `${before}${quoted(String(words[index - 1] ?? ''))}${text}`)
}

function quoted(word: string): string {
  return /^[\w@%+=:,./^-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
