import { expect, test } from 'vitest'
import { isClusterError } from '../errors.ts'
import { parseSpec, type ParseOptions } from './parse.ts'

function problemsOf(text: string, options: ParseOptions = {}): string {
  try {
    parseSpec(text, options)
  } catch (error) {
    if (isClusterError(error)) return `${error.code} ${error.message}`
    throw error
  }
  return 'no problem'
}

const queues = (...lines: string[]) =>
  ['vhosts:', '  shop:', '    queues:', '      qu.a:', ...lines.map((l) => `        ${l}`)].join('\n')

test.each([
  [
    'an unknown key, with what was meant',
    'vhosts:\n  shop:\n    quees: {}',
    /SPEC_INVALID warren\.yaml:3:5: vhosts\.shop: "quees" is not known here; did you mean "queues"\? \(known are .*bindings.*/,
  ],
  [
    'an unknown key of a policy',
    'vhosts:\n  shop:\n    policies:\n      p:\n        pattern: a\n        definition:\n          max-lenght: 1',
    /:7:11: vhosts\.shop\.policies\.p\.definition: "max-lenght" is not known here; did you mean "max-length"\?/,
  ],
  [
    'a value that is not allowed, with those that are',
    queues('type: quorun'),
    /:5:9: vhosts\.shop\.queues\.qu\.a\.type: must be classic, quorum or stream/,
  ],
  ['a value of the wrong kind', queues('isDurable: 1'), /:5:9: .*isDurable: must be true or false/],
  [
    'something missing',
    'vhosts:\n  shop:\n    policies:\n      p: { pattern: a }',
    /:4:7: .*policies\.p\.definition: is missing/,
  ],
  [
    'a binding without a target',
    'vhosts:\n  shop:\n    bindings:\n      - from: ex\n',
    /:4:9: .*bindings\.0\.to(Queue|Exchange): is missing/,
  ],
  ['a key twice', 'name: a\nname: b', /:2:1: Map keys must be unique/],
  ['what is no YAML', 'vhosts: [', /SPEC_INVALID warren\.yaml:1:/],
  ['a queue type among the arguments', queues('arguments: { x-queue-type: quorum }'), /is written as "type"/],
])('tells %s with its place', (_, text, expected) => {
  expect(problemsOf(text)).toMatch(expected)
})

test.each([
  ['users:\n  shop:\n    password: topsecret', /:3:5: users\.shop\.password: a password is never written into a spec/],
  ['users:\n  shop:\n    password: { plain: topsecret }', /users\.shop\.password/],
  [
    'endpoints: ["http://admin:topsecret@n1:15672"]',
    /:1:13: a URL with a password in it; take the password from a variable/,
  ],
  [
    'vhosts:\n  a:\n    shovels:\n      s: { src-uri: "amqp://u:topsecret@n1", dest-uri: amqp:// }',
    /:4:21: a URL with a password/,
  ],
  ...['password=topsecret', 'certfile=a&password=topsecret', 'access_token=${KEY}topsecret'].map(
    (query): [string, RegExp] => [
      `vhosts:\n  a:\n    federationUpstreams:\n      s: { uri: "amqps://n1?${query}&x=1" }`,
      /:4:17: a URL with a password/,
    ],
  ),
  ['users: { shop: { password: { env: "A" }, topsecret', /SPEC_INVALID/],
])('refuses a password in %j, and does not repeat it', (text, expected) => {
  expect(problemsOf(text)).toMatch(expected)
  expect(problemsOf(text).replaceAll('"topsecret" is not known', '')).not.toContain('topsecret')
})

test('fills in variables: of the environment that is chosen, else of the process, else of the spec', () => {
  const text = [
    'variables: { LIMIT: 1, PLACE: here }',
    'environments: { staging: { LIMIT: 2 } }',
    'vhosts:',
    '  ${PLACE}-shop:',
    '    description: in ${PLACE}, $${kept}',
    '    limits: { max-queues: "${LIMIT}" }',
  ].join('\n')
  const vhostOf = (options: ParseOptions) => parseSpec(text, options).vhosts
  expect(vhostOf({})).toEqual({ 'here-shop': { description: 'in here, ${kept}', limits: { 'max-queues': 1 } } })
  expect(vhostOf({ env: { LIMIT: '3', PLACE: 'there' } })).toMatchObject({
    'there-shop': { limits: { 'max-queues': 3 } },
  })
  expect(vhostOf({ environment: 'staging', env: { LIMIT: '3' } })).toMatchObject({
    'here-shop': { limits: { 'max-queues': 2 } },
  })
})

test('takes a password of a URL that is a variable, before the host and in the query', () => {
  const uri = 'amqps://u:${LOGIN}@n1?certfile=a&password=${KEY}&token='
  const text = `globalParameters: { place: { uri: "${uri}" } }`
  expect(parseSpec(text, { env: { LOGIN: 'a', KEY: 'b' } }).globalParameters).toEqual({
    place: { uri: 'amqps://u:a@n1?certfile=a&password=b&token=' },
  })
})

test('names a variable without a value, and an environment that is not there', () => {
  expect(problemsOf('clusterName: ${NOWHERE}')).toBe(
    'SPEC_VARIABLE_MISSING warren.yaml:1:14: the variable NOWHERE has no value',
  )
  expect(problemsOf('environments: { staging: {} }', { environment: 'stagign' })).toMatch(/did you mean "staging"\?/)
})

test('finds every problem at once', () => {
  expect(problemsOf('nme: a\nvhosts:\n  a: { queus: {} }\n  b: { tags: x }').split('\n')).toHaveLength(3)
})

test.each(['', '\n# rare: &anchor\nclusterName: &a shop\n'])(
  'fills in variables below any key, one named variables too',
  (more) => {
    const text = `globalParameters: { variables: { environments: '\${X}' } }\nvariables: { Y: '\${X}' }${more}`
    expect(parseSpec(text, { env: { X: 'filled' } })).toMatchObject({
      globalParameters: { variables: { environments: 'filled' } },
      variables: { Y: '${X}' },
    })
  },
)
