/** Formats counted operations as the table that the bench prints and docs/reference/limits-and-cost.md contains. */
import type { Counts, Measured } from "./counts.ts";
import { dollarsPerMillion } from "./prices.ts";

const COLUMNS: Record<keyof Counts, string> = {
	writes: "writes",
	reads: "reads",
	deletes: "deletes",
	objectRequests: "object requests",
	rowsRead: "rows read",
	rowsWritten: "rows written",
	httpRequests: "HTTP",
	bindingCalls: "bindings",
};

export const HEAD = ["scenario", ...Object.values(COLUMNS), "USD a million"];

/** Returns a scenario's counts for each event, and the dollars for a million events. */
export function cellsOf({ name, events, counts }: Measured): string[] {
	const names = Object.keys(COLUMNS) as (keyof Counts)[];
	return [
		name,
		...names.map((column) => String(counts[column] / events)),
		dollarsPerMillion(counts, events).toFixed(2),
	];
}

/** Formats rows as a Markdown table with aligned columns. */
export function table(rows: readonly string[][]): string {
	const widths = (rows[0] ?? []).map((_, column) =>
		Math.max(...rows.map((row) => row[column]?.length ?? 0)),
	);
	const line = (row: readonly string[]) => {
		const cells = row.map((cell, column) => {
			const width = widths[column] ?? 0;
			return column === 0 ? cell.padEnd(width) : cell.padStart(width);
		});
		return `| ${cells.join(" | ")} |`;
	};
	const [head = [], ...rest] = rows;
	const rule = widths.map((width, column) =>
		column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
	);
	return [head, rule, ...rest].map(line).join("\n");
}

/** Returns the rows of a document's tables by their first cell. */
export function rowsIn(document: string): Map<string, string[]> {
	const rows = [...document.matchAll(/^\| (.*) \|$/gm)].map(([, cells]) =>
		(cells as string).split("|").map((cell) => cell.trim()),
	);
	return new Map(rows.map((cells) => [cells[0] as string, cells]));
}
