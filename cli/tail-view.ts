/** Shows `tail` on a whole terminal: asks for events again and again, and does what the keys say. */
import { setTimeout as pause } from "node:timers/promises";
import type { Admin } from "../src/admin.ts";
import type { Look } from "./look.ts";
import {
	EMPTY,
	linesToDraw,
	moved,
	type Screen,
	selectedEvent,
	withEvents,
} from "./tail-screen.ts";
import { openTerminal } from "./terminal.ts";

interface Tail {
	admin: Pick<Admin, "events" | "deadLetters">;
	/** The filter. */
	q: string;
	/** The wait between two looks, in milliseconds. */
	every: number;
	look(): Promise<Look>;
}

/** Resolves when the person quits. A failed request is shown, and the next one goes on. */
export async function showTail(
	{ admin, q, every, look }: Tail,
	open = openTerminal,
): Promise<void> {
	const quit = new AbortController();
	let screen = EMPTY;
	const down = () => update(moved(screen, 1));
	const up = () => update(moved(screen, -1));
	const toggle = () =>
		screen.opened ? closeOpened() : void attempt(openSelected);
	const keys: Record<string, () => void> = {
		q: () => quit.abort(),
		"ctrl-c": () => quit.abort(),
		j: down,
		down,
		k: up,
		up,
		o: toggle,
		return: toggle,
		escape: closeOpened,
		r: () => void attempt(replaySelected),
	};
	const terminal = open({ onKey, onResize: draw });
	const title = `tidings tail ${q}`.trim();
	try {
		draw();
		while (!quit.signal.aborted) {
			await attempt(async () => {
				const { changed, hasMissed } = await look();
				update(withEvents(screen, changed));
				const { opened } = screen;
				if (changed.some(({ id }) => id === opened?.life.id))
					await openSelected();
				if (hasMissed) say("Some events are not shown: give a filter.");
			});
			await pause(every, undefined, quit).catch(() => {});
		}
	} finally {
		terminal.close();
	}

	function draw(): void {
		const { columns, rows } = terminal;
		terminal.draw(linesToDraw(screen, title, columns(), rows()));
	}

	function update(next: Screen): void {
		screen = next;
		draw();
	}

	function say(message: string): void {
		update({ ...screen, message });
	}

	async function attempt(work: () => Promise<void>): Promise<void> {
		try {
			await work();
		} catch (error) {
			say((error as Error).message);
		}
	}

	function onKey(key: string): void {
		screen = { ...screen, message: "" };
		const act = keys[key] ?? draw;
		act();
	}

	function closeOpened(): void {
		update({ ...screen, opened: undefined });
	}

	async function openSelected(): Promise<void> {
		const event = selectedEvent(screen);
		if (!event) return;
		const life = (await admin.events.get(event.id)) ?? event;
		const { top = 0 } = screen.opened ?? {};
		update({ ...screen, opened: { life, top } });
	}

	/** The list may show some entries of an event only, so its whole life is read first. */
	async function replaySelected(): Promise<void> {
		const event = selectedEvent(screen);
		if (!event) return;
		const { deliveries } = (await admin.events.get(event.id)) ?? event;
		const dead = deliveries.filter(({ state }) => state === "dead");
		if (dead.length === 0) return say(`${event.id} has no dead letters.`);
		for (const { handler } of dead)
			await admin.deadLetters.replay(`${event.id}:${handler}`);
		const handlers = dead.map(({ handler }) => handler).join(", ");
		say(`Replaying ${event.id}: ${handlers}`);
	}
}
