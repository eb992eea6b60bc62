import * as z from 'zod'

/** A node as it should be. Nothing over HTTP makes it so: the plan compares, and names the commands. */
export interface NodeSpec {
  /** Default `disc`. */
  readonly type?: 'disc' | 'ram'
}

export const nodesSchema: z.ZodType<Readonly<Record<string, NodeSpec>>> = z.record(
  z.string().regex(/^[^@\s]+@[^@\s]+$/, { error: 'must be the name of a node: `rabbit@n1`' }),
  z.strictObject({
    type: z
      .enum(['disc', 'ram'])
      .exactOptional()
      .describe('`ram` keeps the metadata in memory alone: 3.x, and 4.x without Khepri. Default `disc`.'),
  }),
)
