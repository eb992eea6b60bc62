import { globSync } from 'node:fs'
import { inject, it, onTestFinished } from 'vitest'
import { blocksOf } from '../support/docs/blocks.ts'
import type { Block } from '../support/docs/blocks.ts'
import { readPage, root } from '../support/docs/markdown.ts'
import { walk } from '../support/docs/walk.ts'
import { testVhost } from '../support/broker.ts'
import { testDatabase } from '../support/postgres.ts'

const gettingStarted = readPage('docs/getting-started.md')

it.each(['sqlite', 'postgres'])(
  'docs/getting-started.md is true, line by line, on %s',
  async (variant) => {
    const { amqpUrls, drop } = await testVhost()
    onTestFinished(drop)
    const DATABASE_URL = variant === 'postgres' ? (await testDatabase()).url : ''
    await walk(blocksOf(gettingStarted), variant, {
      WARREN_ENDPOINTS: amqpUrls.join(),
      WARREN_HOME: inject('warrenRun').home,
      DATABASE_URL,
    })
  },
  600_000,
)

it('docs/testing.md is true, line by line', async () => {
  // Its reader has been through the other page.
  const tsconfig = blocksOf(gettingStarted).filter(({ marks }) => marks['file'] === 'tsconfig.json')
  const blocks = [...tsconfig, ...blocksOf(readPage('docs/testing.md'))]
  await walk(blocks, '', { WARREN_HOME: inject('warrenRun').home })
}, 300_000)

it('the examples of the packages compile, and that of the bus handles an event once', async () => {
  const { amqpUrls, drop } = await testVhost()
  onTestFinished(drop)
  const isWanted = ({ marks }: Block): boolean => marks['file'] === 'tsconfig.json' || marks['file'] === 'catalog.ts'
  const readmes = globSync('packages/*/README.md', { cwd: root }).toSorted()
  const written = readmes.flatMap((path) => blocksOf(readPage(path).replace('amqp://localhost', amqpUrls[0]!)))
  const find = 'npx warren messages list --received --state handled --store sqlite:./shop.db'
  const steps = [
    '```sh check\nnpx tsc\n```',
    '```sh start=shop\nnode shop.ts\n```',
    `\`\`\`sh poll\n${find} | grep -c onPaid\n\`\`\``,
  ]
  const outcome = '```text output\n1\n```'
  await walk(
    [...blocksOf(gettingStarted).filter(isWanted), ...written, ...blocksOf([...steps, outcome].join('\n'))],
    '',
    {},
  )
}, 300_000)
