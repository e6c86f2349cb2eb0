/** Claims about the limits of a queue, for the simulated and the real platform. A rejected send delivers nothing. */
import { expect, test } from "vitest";
import type { Bench } from "./bench.ts";
import type { Command, Sending } from "./commands.ts";

export function refusalClaims(bench: Bench): void {
	function message(bytes: number, delaySeconds?: number): Sending {
		const body = { name: bench.name(), padding: "x".repeat(bytes) };
		return { body, ...(delaySeconds !== undefined && { delaySeconds }) };
	}
	const send = (message: Sending): Command => ({ do: "send", message });
	const sendBatch = (...messages: Sending[]): Command => ({
		do: "sendBatch",
		messages,
	});
	const many = (count: number) => Array.from({ length: count }, () => 1);

	test.each<[what: string, command: () => Command]>([
		["a message that is too large", () => send(message(128_000))],
		["a delay of more than a day", () => send(message(1, 86_401))],
		["a delay below zero", () => send(message(1, -1))],
		["an empty batch", () => sendBatch()],
		[
			"a batch of 101 messages",
			() => sendBatch(...many(101).map((bytes) => message(bytes))),
		],
		[
			"a batch that is too large",
			() => sendBatch(...many(3).map(() => message(100_000))),
		],
		[
			"a batch with a message that is too large",
			() => sendBatch(message(1), message(128_000)),
		],
		[
			"a batch with a delay of more than a day",
			() => sendBatch(message(1), message(1, 86_401)),
		],
	])("%s is rejected as a whole", async (_, command) => {
		const refused = command();
		expect(await bench.attempt(refused)).toHaveProperty("error");
		await bench.settle();
		expect(await bench.deliveries(namesOf(refused), 0)).toEqual([]);
	});

	test.each<[what: string, command: () => Command]>([
		["a message of nearly 128 000 bytes", () => send(message(127_000))],
		[
			"a batch of 100 messages",
			() => sendBatch(...many(100).map((bytes) => message(bytes))),
		],
		[
			"a batch of nearly 256 000 bytes",
			() => sendBatch(message(127_000), message(127_000)),
		],
	])("%s is accepted", async (_, command) => {
		const taken = command();
		expect(await bench.attempt(taken)).toEqual({ value: null });
		const names = namesOf(taken);
		expect(await bench.deliveries(names, 1)).toHaveLength(names.length);
	});
}

function namesOf(command: Command): string[] {
	switch (command.do) {
		case "send":
			return [command.message.body.name];
		case "sendBatch":
			return command.messages.map(({ body }) => body.name);
		default:
			return [];
	}
}
