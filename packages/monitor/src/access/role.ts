/**
 * - `metrics` reads `/metrics` alone.
 * - `viewer` reads everything that is not masked.
 * - `operator` acts as well.
 */
export type Role = 'metrics' | 'viewer' | 'operator'

/** What a route asks for; `public` for those that nobody has to be logged in for. */
export type Access = 'public' | Role

const ranks: Readonly<Record<Access, number>> = { public: 0, metrics: 1, viewer: 2, operator: 3 }

/** `null` is somebody who is not logged in. */
export function allows(role: Role | null, access: Access): boolean {
  return ranks[role ?? 'public'] >= ranks[access]
}
