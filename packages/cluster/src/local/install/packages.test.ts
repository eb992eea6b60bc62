import { expect, test } from 'vitest'
import { parseDependencies } from './packages.ts'

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
