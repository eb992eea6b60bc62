import { expect, test } from 'vitest'
import { parseCandidate, parseDependencies, parseMirrors } from './apt.ts'

test('reads what apt-cache says, takes the first real alternative and passes virtual packages over', () => {
  const output = `rabbitmq-server
  Depends: adduser
 |Depends: erlang-base
  Depends: <erlang-base-hipe>
  Depends: erlang-crypto
  Depends: <python3:any>
    python3
erlang-base
  PreDepends: libc6
 |Depends: <awk>
    mawk
 |Depends: libtinfo6
  Depends: libtinfo5
  Depends: libssl3:any
`
  expect(parseDependencies(output)).toEqual([
    'adduser',
    'erlang-base',
    'erlang-crypto',
    'libc6',
    'libtinfo6',
    'libssl3',
  ])
})

test.each([
  ['rabbitmq-server:\n  Installed: (none)\n  Candidate: 4.3.6-1\n  Version table:\n     4.3.6-1 500\n', '4.3.6'],
  ['rabbitmq-server:\n  Installed: (none)\n  Candidate: 4.0.5-6+deb13u2\n', '4.0.5'],
  ['erlang-base:\n  Installed: (none)\n  Candidate: 1:29.1.2+dfsg-1\n', '29.1.2'],
  ['rabbitmq-server:\n  Installed: (none)\n  Candidate: (none)\n', undefined],
  ['', undefined],
])('reads the version that apt would bring from %j', (output, expected) => {
  expect(parseCandidate(output)).toBe(expected)
})

test("finds Debian's own archive among the sources, once, and takes no other for it", () => {
  const output = `'http://mirror.example/debian/dists/bookworm/InRelease' mirror.example_debian_dists_bookworm_InRelease 0
'http://mirror.example/debian/dists/bookworm-updates/InRelease' mirror.example_debian_dists_bookworm-updates_InRelease 0
'http://mirror.example/debian-security/dists/bookworm-security/InRelease' mirror.example_debian-security 0
'https://other.example/ubuntu/dists/noble/InRelease' other.example_ubuntu_dists_noble_InRelease 0
`
  expect(parseMirrors(output)).toEqual(['http://mirror.example/debian'])
})
