/**
 * The peer of the benchmark: AMQP's rules written down as a type as one would at first, name by name and word by word.
 * Taking words off texts is the quicker of two ways: with tuples of words it needs a quarter more instantiations.
 */
export type PlainMatching<Names extends string, Pattern extends string> =
  Filtered<Names, Pattern> extends infer Matched extends Names ? Matched : never

type Filtered<Names extends string, Pattern extends string> = Names extends unknown
  ? Matches<Names, Pattern> extends true
    ? Names
    : never
  : never

type Matches<Name extends string, Pattern extends string> = Pattern extends '#'
  ? true
  : Pattern extends `#.${infer Rest}`
    ? Matches<Name, Rest> extends true
      ? true
      : Name extends `${string}.${infer Shorter}`
        ? Matches<Shorter, Pattern>
        : false
    : Pattern extends `${infer Wanted}.${infer Rest}`
      ? Name extends `${infer Word}.${infer Shorter}`
        ? Wanted extends '*' | Word
          ? Matches<Shorter, Rest>
          : false
        : Rest extends '#'
          ? MatchesWord<Name, Wanted>
          : false
      : Name extends `${string}.${string}`
        ? false
        : MatchesWord<Name, Pattern>

type MatchesWord<Word, Wanted> = Wanted extends '*' | Word ? true : false
