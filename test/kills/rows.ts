/**
 * Tells what is left in the scheduler and in the queues, from a copy of the state folder: to ask an object would
 * wake it, and one that wakes mends its alarm; and to open the runtime's own files would lock them.
 */
import { cpSync, globSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Tables of objects that are empty when everything has ended; the last claim stays, of rows that are gone. */
const TABLES = ["scheduled", "message"];

export function rowsLeft(state: string): string[] {
	const copy = `${state}-copy`;
	try {
		// What is in the -shm files is made anew from the -wal files.
		const filter = (source: string) => !source.endsWith("-shm");
		cpSync(state, copy, { recursive: true, filter });
		return globSync(join(copy, "**", "*.sqlite")).flatMap(rowsIn);
	} catch (error) {
		// Torn, or changed while it was listed: it is not still yet.
		return [`the state folder is not still: ${error}`];
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
