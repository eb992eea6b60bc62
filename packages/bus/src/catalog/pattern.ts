import { WarrenError } from '../errors.ts'
import { isWord, MAX_NAME_BYTES, WORD_RULE } from './name.ts'

/**
 * True when a topic exchange would route a message with this routing key to a queue bound with this pattern: `*` is
 * exactly one word, `#` zero or more; a wildcard glued to letters is an ordinary word, as on the broker. Any text is
 * accepted; see parsePattern() for what Warren takes as a pattern. Never worse than words of one × words of the other.
 */
export function matches(pattern: string, name: string): boolean {
  return matchesWords(words(pattern), words(name))
}

/** An empty key has no word at all on the broker, while `a..b` has an empty one in the middle. */
function words(text: string): readonly string[] {
  return text === '' ? [] : text.split('.')
}

/**
 * Goes back to the last `#` alone: whatever an earlier `#` could have swallowed, the last one can swallow too. So no
 * number of `#` makes it exponential.
 */
function matchesWords(pattern: readonly string[], name: readonly string[]): boolean {
  let p = 0
  let n = 0
  let hash = -1
  let swallowedTo = 0
  while (n < name.length) {
    const wanted = pattern[p]
    if (wanted === '#') {
      hash = p++
      swallowedTo = n
    } else if (wanted === '*' || (wanted !== undefined && wanted === name[n])) {
      p++
      n++
    } else if (hash >= 0) {
      p = hash + 1
      n = ++swallowedTo
    } else {
      return false
    }
  }
  while (pattern[p] === '#') p++
  return p === pattern.length
}

/**
 * The words of a pattern over names. Throws PATTERN_INVALID for what AMQP would take but no name can match: empty words,
 * other characters, more than 255 bytes, and a wildcard glued to letters (`order.del*` matches only that very text).
 */
export function parsePattern(pattern: string): readonly string[] {
  const problem = patternProblem(pattern)
  if (problem === null) return words(pattern)
  const advice = problem.suggestion === null ? '' : `; did you mean "${problem.suggestion}"?`
  throw new WarrenError('PATTERN_INVALID', `pattern "${shortened(pattern)}" ${problem.reason}${advice}`, {
    pattern,
    ...(problem.suggestion === null ? {} : { suggestion: problem.suggestion }),
  })
}

export interface PatternProblem {
  /** Continues the sentence `pattern "…" `. */
  readonly reason: string
  /** A valid pattern that may have been meant. */
  readonly suggestion: string | null
}

/** What parsePattern() would throw, as a value; null for a valid pattern. */
export function patternProblem(pattern: string): PatternProblem | null {
  if (pattern === '') return { reason: 'is empty', suggestion: '#' }
  if (Buffer.byteLength(pattern) > MAX_NAME_BYTES) {
    return { reason: `is longer than ${MAX_NAME_BYTES} bytes`, suggestion: null }
  }
  const bad = words(pattern).find((word) => word !== '*' && word !== '#' && !isWord(word))
  if (bad === undefined) return null
  return { reason: wordProblem(bad), suggestion: repaired(pattern) }
}

function wordProblem(word: string): string {
  if (word === '') return 'has an empty word'
  if (/\s/.test(word)) return 'has a space in it'
  if (/[*#]/.test(word)) {
    return `has a wildcard glued to other characters in "${word}", which matches only that very text: a wildcard stands for whole words`
  }
  return `has the word "${word}", and names have only ${WORD_RULE}`
}

/** Spaces and empty words out, glued wildcards alone in their word; null when that is not a valid pattern either. */
function repaired(pattern: string): string | null {
  const kept = words(pattern.replace(/\s+/g, '')).filter((word) => word !== '')
  const candidate = kept.map((word) => (word.includes('#') ? '#' : word.includes('*') ? '*' : word)).join('.')
  return candidate !== '' && patternProblemFree(candidate) ? candidate : null
}

function patternProblemFree(pattern: string): boolean {
  return words(pattern).every((word) => word === '*' || word === '#' || isWord(word))
}

function shortened(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`
}
