export interface Migrations {
  /**
   * Applies what is missing, one after the other, under a lock, and returns the names of what was applied. Throws
   * STORE_FORBIDDEN, with the SQL that helps, when the database user may not.
   */
  migrate(): Promise<readonly string[]>
  status(): Promise<readonly MigrationStatus[]>
  /** The statements of all migrations in order, for those who run them with a tool of their own. */
  sql(): string
}

export interface MigrationStatus {
  /** `0001_initial` */
  readonly name: string
  /** null when it has not been applied. */
  readonly appliedAt: Date | null
}
