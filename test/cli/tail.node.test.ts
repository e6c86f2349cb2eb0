/** `tail` on a terminal: what it shows, what keys do, and that the terminal is restored. */
import { PassThrough } from "node:stream";
import type { ReadStream, WriteStream } from "node:tty";
import { stripVTControlCharacters } from "node:util";
import { expect, test, vi } from "vitest";
import { looking } from "../../cli/look.ts";
import {
	EMPTY,
	linesToDraw,
	moved,
	withEvents,
} from "../../cli/tail-screen.ts";
import { showTail } from "../../cli/tail-view.ts";
import { openTerminal } from "../../cli/terminal.ts";
import type { Admin, EventLife } from "../../src/admin.ts";

function event(id: string, state: EventLife["state"] = "delivered"): EventLife {
	const attempt = { state, at: 1, attempt: 1 };
	const deliveries = [
		{ handler: "mail", state, attempts: [attempt] },
		{ handler: "audit", state: "delivered", attempts: [attempt] },
	];
	return {
		id,
		name: "a.b",
		time: 1,
		at: 1,
		state,
		actions: [],
		deliveries,
	} as EventLife;
}

/** An owner with these events, and what it was asked for. */
function ownerOf(events: EventLife[]) {
	const replayed: string[] = [];
	const admin = {
		events: {
			list: async () => ({ events: events.toReversed() }),
			get: async (id: string) => events.find((one) => one.id === id) ?? null,
		},
		deadLetters: {
			replay: async (id: string) => {
				replayed.push(id);
			},
		},
	} as unknown as Admin;
	return { admin, replayed, look: looking(admin, "") };
}

/** Runs the view. `press` returns what is drawn after a key. */
function view(owner: ReturnType<typeof ownerOf>, look = owner.look) {
	let lines: readonly string[] = [];
	let press = (_: string) => {};
	const close = vi.fn();
	const ended = showTail(
		{ admin: owner.admin, q: "state:dead", every: 1, look },
		({ onKey }) => {
			press = onKey;
			return {
				columns: () => 70,
				rows: () => 12,
				close,
				draw: (drawn) => {
					lines = drawn;
				},
			};
		},
	);
	const text = () => stripVTControlCharacters(lines.join("\n"));
	const shows = (part: string) =>
		vi.waitFor(() => expect(text()).toContain(part), { interval: 1 });
	return { press: (key: string) => press(key), shows, text, close, ended };
}

test("an event is selected, opened and replayed by keys: only its dead deliveries are replayed", async () => {
	const owner = ownerOf([event("e1", "dead"), event("e2")]);
	const { press, shows, text, close, ended } = view(owner);
	await shows("e2");
	expect(text()).toContain("tidings tail state:dead");
	press("k");
	press("o");
	await shows("published");
	expect(text()).toContain("e1");
	press("r");
	await shows("Replaying e1: mail");
	expect(owner.replayed).toEqual(["e1:mail"]);
	press("o");
	await shows("j/k select");
	press("down");
	press("r");
	await shows("e2 has no dead letters.");
	expect(owner.replayed).toEqual(["e1:mail"]);
	press("q");
	await ended;
	expect(close).toHaveBeenCalledOnce();
});

test("an open timeline shows what happens to its event", async () => {
	const events = [event("e1", "dead")];
	const { press, shows, ended } = view(ownerOf(events));
	await shows("e1");
	press("return");
	await shows("a.b  dead");
	events[0] = { ...event("e1", "delivered"), at: 2 };
	await shows("a.b  delivered");
	press("ctrl-c");
	await ended;
});

test("a failed request is shown, and the next one goes on", async () => {
	const owner = ownerOf([event("e1")]);
	let isDown = true;
	const { press, shows, ended } = view(owner, async () => {
		if (isDown) throw new Error("it was not reached");
		return owner.look();
	});
	await shows("it was not reached");
	isDown = false;
	await shows("e1");
	press("q");
	await ended;
});

test("each change is returned once, and an answer full of changes says that some may be missing", async () => {
	const events = [event("e1")];
	const look = ownerOf(events).look;
	expect(await look()).toMatchObject({
		changed: [{ id: "e1" }],
		hasMissed: false,
	});
	expect((await look()).changed).toEqual([]);
	events[0] = { ...event("e1"), at: 2 };
	expect((await look()).changed).toMatchObject([{ id: "e1", at: 2 }]);
	events.length = 0;
	for (let n = 0; n < 100; n++) events.push(event(`n${n}`));
	expect((await look()).hasMissed).toBe(true);
});

test("the screen has one line for each row, none too long, and follows the last event until another is selected", () => {
	const many = Array.from({ length: 600 }, (_, n) => event(`e${n}`));
	const full = withEvents(EMPTY, many);
	expect(full.events).toHaveLength(500);
	expect(full.selected).toBe("e599");
	expect(withEvents(full, [event("e600")]).selected).toBe("e600");
	const up = moved(full, -3);
	expect(withEvents(up, [event("e600")]).selected).toBe("e596");
	expect(moved(full, 5).selected).toBe("e599");
	const opened = { life: event("e1"), top: 0 };
	for (const screen of [EMPTY, full, up, { ...full, opened }]) {
		const lines = linesToDraw(screen, "tidings tail", 40, 10);
		expect(lines).toHaveLength(10);
		for (const line of lines)
			expect(stripVTControlCharacters(line).length).toBeLessThanOrEqual(40);
	}
	expect(linesToDraw(up, "", 80, 10).join("\n")).toContain("e596");
});

test("the terminal is restored once, whether the view is closed or the process ends", () => {
	const input = Object.assign(new PassThrough(), { setRawMode: vi.fn() });
	const output = Object.assign(new PassThrough(), { columns: 80, rows: 24 });
	const listeners = () => process.listenerCount("exit");
	const before = listeners();
	const keys: string[] = [];
	const terminal = openTerminal(
		{ onKey: (key) => keys.push(key), onResize: () => {} },
		input as unknown as ReadStream,
		output as unknown as WriteStream,
	);
	expect(listeners()).toBe(before + 1);
	input.emit("keypress", "j", { name: "j" });
	input.emit("keypress", "", { name: "c", ctrl: true });
	expect(keys).toEqual(["j", "ctrl-c"]);
	// What "exit" calls.
	const [restore] = process.listeners("exit").slice(-1);
	restore?.(0);
	terminal.close();
	terminal.draw(["too late"]);
	expect(listeners()).toBe(before);
	expect(input.setRawMode.mock.calls).toEqual([[true], [false]]);
	expect(String(output.read())).toBe(
		"\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[?7h\x1b[?25h\x1b[?1049l",
	);
});
