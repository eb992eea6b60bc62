/**
 * Filters a union of names by a pattern. The compiler intersects a union of literals with a template literal type
 * natively, with no instantiation per name: 400 names × 20 patterns need 35,000 instantiations where a matcher that
 * visits each name needs 466,000 (bench/typed-patterns.ts). So every pattern becomes a template first. The common forms
 * are exact as templates; the others leave a few candidates, whose words are then looked at.
 */
export type Matching<Names extends string, Pattern extends string> =
  Filtered<Names, Pattern> extends infer Matched extends Names ? Matched : never

// Only a step apart so that Matching has an `infer` with a constraint: while a pattern is still to be inferred, tsc takes
// that constraint for the result. Without it, it compares every name with templates of the unknown pattern: millions of
// comparisons and minutes for a team's own subscribe() over a catalog with 400 names.
type Filtered<Names extends string, Pattern extends string> = Pattern extends unknown
  ? IsLiteral<Pattern> extends false
    ? Names
    : Pattern extends '#'
      ? Names
      : IsLiteral<Names> extends false
        ? Names
        : Pattern extends `${string}*${string}`
          ? Examined<Names, Pattern>
          : Pattern extends `${string}#${string}`
            ? HashOnly<Names, Pattern>
            : Names & Pattern
  : never

// `string` and `order.${string}` are index signatures of a Record, literals are properties that an empty one lacks.
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- the empty object type is what tells them apart
type IsLiteral<Text extends string> = {} extends Record<Text, 1> ? false : true

/** No `*`: up to one `#`, and `#.words.#`, are exact as templates, because names have no empty words. */
type HashOnly<Names extends string, Pattern extends string> = Pattern extends `#.${infer Rest}`
  ? Rest extends `${infer Middle}.#`
    ? Middle extends WithHash
      ? Examined<Names, Pattern>
      : Names & (Middle | `${Middle}.${string}` | `${string}.${Middle}` | `${string}.${Middle}.${string}`)
    : Rest extends WithHash
      ? Examined<Names, Pattern>
      : Names & (Rest | `${string}.${Rest}`)
  : Pattern extends `${infer Start}.#`
    ? Start extends WithHash
      ? Examined<Names, Pattern>
      : Names & (Start | `${Start}.${string}`)
    : Pattern extends `${infer Start}.#.${infer End}`
      ? End extends WithHash
        ? Examined<Names, Pattern>
        : Names & (`${Start}.${End}` | `${Start}.${string}.${End}`)
      : Examined<Names, Pattern>

type WithHash = `${string}#${string}`

/** Exact for every pattern: the candidates that its template leaves, word by word. */
type Examined<Names extends string, Pattern extends string> = Pattern extends `${string}#${string}#${string}`
  ? ByWords<Names & Template<Words<Pattern>>, Words<Pattern>>
  : ByShape<Names & Template<Words<Pattern>>, Shape<Words<Pattern>>>

type Words<Text extends string> = Text extends `${infer Word}.${infer Rest}` ? [Word, ...Words<Rest>] : [Text]

/** Matches at least what the pattern matches: `a.*.#.b` → `a.${string}.${string}b`. */
type Template<Pattern> = Pattern extends [infer Word extends string, ...infer Rest]
  ? Word extends '#'
    ? AfterHash<Rest, string>
    : AfterWord<Rest, Word extends '*' ? string : Word>
  : ''

type AfterWord<Pattern, Text extends string> = Pattern extends [infer Word extends string, ...infer Rest]
  ? Word extends '#'
    ? AfterHash<Rest, `${Text}${string}`>
    : AfterWord<Rest, `${Text}.${Word extends '*' ? string : Word}`>
  : Text

// `${string}${string}` would demand a character of the first: wildcards beside a `#` are left to the words.
type AfterHash<Pattern, Text extends string> = Pattern extends [infer Word extends string, ...infer Rest]
  ? Word extends '#' | '*'
    ? AfterHash<Rest, Text>
    : AfterWord<Rest, `${Text}${Word}`>
  : Text

/** A pattern with at most one `#` as a tuple type: `*.#.b` → `[string, ...string[], 'b']`. */
type Shape<Pattern> = Pattern extends [infer Word, ...infer Rest]
  ? Word extends '#'
    ? [...string[], ...Shape<Rest>]
    : [Word extends '*' ? string : Word, ...Shape<Rest>]
  : []

type ByShape<Names extends string, S> = Names extends unknown ? (Words<Names> extends S ? Names : never) : never

/** A tuple type has room for one `...string[]` only; several `#` are walked. The compiler remembers each step. */
type ByWords<Names extends string, Pattern> = Names extends unknown
  ? MatchesWords<Words<Names>, Pattern> extends true
    ? Names
    : never
  : never

type MatchesWords<Name, Pattern> = Pattern extends ['#', ...infer Rest]
  ? MatchesWords<Name, Rest> extends true
    ? true
    : Name extends [string, ...infer Shorter]
      ? MatchesWords<Shorter, Pattern>
      : false
  : Pattern extends [infer Word, ...infer Rest]
    ? Name extends [Word extends '*' ? string : Word, ...infer Shorter]
      ? MatchesWords<Shorter, Rest>
      : false
    : Name extends []
      ? true
      : false
