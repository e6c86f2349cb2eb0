/** Prints answers: tables for people, JSON for programs. It knows no command. */
import { styleText } from "node:util";
import Table from "cli-table3";

const COLOURS: Record<string, Parameters<typeof styleText>[0]> = {
	delivered: "green",
	resolved: "green",
	done: "green",
	ok: "green",
	passed: "green",
	retrying: "yellow",
	waiting: "yellow",
	replaying: "yellow",
	running: "yellow",
	failed: "red",
	failing: "red",
	dead: "red",
	stopped: "red",
};

/** Colours a state on a terminal. */
export function stateText(state: string): string {
	const colour = COLOURS[state];
	return colour ? styleText(colour, state, { stream: process.stdout }) : state;
}

export function printJson(value: unknown): void {
	console.log(JSON.stringify(value, null, "\t"));
}

/** Rows of text or numbers. */
type Rows = readonly (readonly (string | number)[])[];

/** @param empty what to print instead of a table without rows */
export function printTable(
	head: readonly string[],
	rows: Rows,
	empty?: string,
): void {
	const isEmpty = rows.length === 0 && empty !== undefined;
	console.log(isEmpty ? empty : tableText(head, rows));
}

/**
 * Says that a list is empty, and what to try.
 *
 * @param what one item, such as `event`
 * @param hint what to try without a filter
 */
export function emptyText(
	what: string,
	filter: readonly string[],
	hint: string,
): string {
	return filter.length > 0
		? `No ${what} matches ${filter.join(" ")}. Leave out a word to see more.`
		: `No ${what}. ${hint}`;
}

/** Aligns rows under a header, without lines between them. */
export function tableText(head: readonly string[], rows: Rows): string {
	const bare = Object.fromEntries(
		[
			"top",
			"top-mid",
			"top-left",
			"top-right",
			"bottom",
			"bottom-mid",
			"bottom-left",
			"bottom-right",
			"left",
			"left-mid",
			"mid",
			"mid-mid",
			"right",
			"right-mid",
		].map((part) => [part, ""]),
	);
	const table = new Table({
		head: head.map((title) =>
			styleText("dim", title, { stream: process.stdout }),
		),
		chars: { ...bare, middle: "  " },
		style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
	});
	table.push(...rows.map((row) => row.map(String)));
	return table.toString().replace(/ +$/gm, "");
}

/** A time as people read it, in UTC, to the second. */
export function timeText(at: number | null | undefined): string {
	return at ? new Date(at).toISOString().slice(0, 19).replace("T", " ") : "";
}

/** How long something took or will take. */
export function durationText(ms: number): string {
	for (const [unit, size] of [
		["d", 86_400_000],
		["h", 3_600_000],
		["min", 60_000],
		["s", 1_000],
	] as const)
		if (Math.abs(ms) >= size)
			return `${Math.round((ms / size) * 10) / 10} ${unit}`;
	return `${Math.round(ms)} ms`;
}

/** Replaces control characters: they could change what the terminal shows. */
export function bareText(text: string): string {
	return text.replace(/\p{Cc}/gu, " ");
}

/** Cuts a text to one line of a length, without control characters. */
export function lineText(text: string, length: number): string {
	const [first = ""] = text.split("\n");
	const line = bareText(first);
	return line.length > length ? `${line.slice(0, length - 1)}…` : line;
}
