/**
 * Reads the rows that are left in the scheduler and the queues, from a copy of the state folder. A call would wake an
 * object, which sets a missing alarm. Opening the runtime's own files would lock them.
 */
import { cpSync, globSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Tables that must be empty at the end. The last claim stays, without rows. */
const TABLES = ["scheduled", "message"];

export function rowsLeft(state: string): string[] {
	const copy = `${state}-copy`;
	try {
		// SQLite creates the -shm files again from the -wal files.
		const filter = (source: string) => !source.endsWith("-shm");
		cpSync(state, copy, { recursive: true, filter });
		return globSync(join(copy, "**", "*.sqlite")).flatMap(rowsIn);
	} catch (error) {
		// The folder changed while it was copied.
		return [`the state folder still changes: ${error}`];
	} finally {
		rmSync(copy, { recursive: true, force: true });
	}
}

function rowsIn(file: string): string[] {
	const database = new DatabaseSync(file);
	try {
		const tables = database
			.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
			.all()
			.map(({ name }) => String(name));
		return TABLES.filter((table) => tables.includes(table)).flatMap((table) =>
			database
				.prepare(`SELECT * FROM ${table}`)
				.all()
				.map((row) => `left in ${table}: ${JSON.stringify(row).slice(0, 300)}`),
		);
	} finally {
		database.close();
	}
}
