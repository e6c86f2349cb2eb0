/** What `tail` shows on a terminal, and what a key changes: pure. It neither asks the owner nor writes. */
import { stripVTControlCharacters, styleText } from "node:util";
import type { EventLife } from "../src/admin.ts";
import { eventRow, lifeText } from "./print-event.ts";

/** The events that the screen remembers. */
const MOST_EVENTS = 500;

export interface Screen {
	/** The latest last. */
	readonly events: readonly EventLife[];
	/** The id of the selected event. */
	readonly selected: string | undefined;
	/** The event whose timeline is open, and the lines that are scrolled past. */
	readonly opened?: { life: EventLife; top: number } | undefined;
	/** The result of the last key. */
	readonly message: string;
}

export const EMPTY: Screen = { events: [], selected: undefined, message: "" };

/** Adds events, or changes those that are shown. While the last one is selected, the selection moves on. */
export function withEvents(
	screen: Screen,
	changed: readonly EventLife[],
): Screen {
	const all = new Map(screen.events.map((event) => [event.id, event]));
	for (const event of changed) all.set(event.id, event);
	const events = [...all.values()].slice(-MOST_EVENTS);
	const isLast = screen.selected === screen.events.at(-1)?.id;
	const isKept = events.some(({ id }) => id === screen.selected);
	const selected = isLast || !isKept ? events.at(-1)?.id : screen.selected;
	return { ...screen, events, selected };
}

/** Moves the selection, or scrolls the open timeline. */
export function moved(screen: Screen, by: number): Screen {
	const { opened, events, selected } = screen;
	if (opened) {
		const last = linesOf(opened.life).length - 1;
		const top = Math.max(0, Math.min(last, opened.top + by));
		return { ...screen, opened: { ...opened, top } };
	}
	const index = events.findIndex(({ id }) => id === selected) + by;
	const bounded = Math.max(0, Math.min(events.length - 1, index));
	return { ...screen, selected: events[bounded]?.id };
}

export function selectedEvent({
	events,
	opened,
	selected,
}: Screen): EventLife | undefined {
	return opened?.life ?? events.find(({ id }) => id === selected);
}

/** The lines to draw: as many as the terminal has rows, and none longer than it is wide. */
export function linesToDraw(
	screen: Screen,
	title: string,
	columns: number,
	rows: number,
): string[] {
	const { opened, message } = screen;
	const room = Math.max(1, rows - 2);
	const content = opened
		? linesOf(opened.life).slice(opened.top, opened.top + room)
		: rowsOf(screen, room, columns);
	const keys = opened
		? "j/k scroll  r replay  o back  q quit"
		: "j/k select  o open  r replay  q quit";
	const empty = Array(Math.max(0, room - content.length)).fill("");
	return [
		styleText("dim", cut(title, columns)),
		...content.map((line) => (opened ? cut(line, columns) : line)),
		...empty,
		styleText("inverse", cut(message || keys, columns).padEnd(columns)),
	];
}

function linesOf(life: EventLife): string[] {
	return stripVTControlCharacters(lifeText(life)).split("\n");
}

/** The rows around the selected one. */
function rowsOf(
	{ events, selected }: Screen,
	room: number,
	columns: number,
): string[] {
	const index = events.findIndex(({ id }) => id === selected);
	const end = Math.min(
		events.length,
		Math.max(room, index + Math.ceil(room / 2)),
	);
	return events.slice(Math.max(0, end - room), end).map((event) => {
		const [time = "", state = "", ...rest] = eventRow(event).map(
			stripVTControlCharacters,
		);
		const line = cut([time, state.padEnd(9), ...rest].join("  "), columns);
		return event.id === selected ? styleText("inverse", line) : line;
	});
}

function cut(text: string, columns: number): string {
	return text.length > columns ? `${text.slice(0, columns - 1)}…` : text;
}
