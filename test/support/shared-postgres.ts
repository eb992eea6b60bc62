export async function endSharedPostgres(_run: unknown): Promise<void> {}
