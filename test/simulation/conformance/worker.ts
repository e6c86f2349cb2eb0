/** The probe: a Worker that does what its messages and its caller tell it, and notes what the platform did. */
import { env, exports } from "cloudflare:workers";
import { notes } from "./notes.ts";
import type { Probe, Step } from "./probe.ts";

/** What is to be done about a message. */
export type Verdict =
	| "ack"
	| "retry"
	| "retryLater"
	| "ackAll"
	| "retryAll"
	| "throw";

/** The body of a message. */
export interface Script {
	name: string;
	/** The verdicts by delivery, one after the other each; none where it says nothing. */
	does?: readonly (readonly Verdict[])[];
	/** Makes it large. */
	padding?: string;
}

export interface Sending {
	body: Script;
	delaySeconds?: number;
}

export type Command =
	| { do: "send"; message: Sending }
	| { do: "sendBatch"; messages: readonly Sending[] }
	/** Calls an object, several times at once. */
	| { do: "call"; object: string; calls: readonly (readonly Step[])[] }
	| { do: "notes" };

/** How a command ended; an error as the Worker caught it. */
export type Outcome =
	| { value: unknown }
	| { error: { name: string; message: string; own: Record<string, unknown> } };

/** Seconds that `retryLater` waits. */
export const LATER = 1;

interface Bindings {
	WORK_QUEUE: Queue<Script>;
}

interface Exports {
	Probe: DurableObjectNamespace<Probe>;
}

export async function perform(command: Command): Promise<Outcome> {
	try {
		return { value: (await act(command)) ?? null };
	} catch (error) {
		const { name, message } = error as Error;
		return { error: { name, message, own: { ...(error as object) } } };
	}
}

async function act(command: Command): Promise<unknown> {
	const { WORK_QUEUE } = env as Bindings;
	switch (command.do) {
		case "send": {
			const { body, ...options } = command.message;
			await WORK_QUEUE.send(body, options);
			// Nobody is to see what happens to it afterwards.
			body.name = "changed after it was sent";
			return null;
		}
		case "sendBatch":
			await WORK_QUEUE.sendBatch(command.messages);
			return null;
		case "call": {
			const { Probe } = exports as unknown as Exports;
			const stub = Probe.getByName(command.object);
			const answers = await Promise.all(
				command.calls.map((steps) => stub.take(command.object, steps)),
			);
			return answers;
		}
		case "notes":
			return notes;
	}
}

export default {
	async fetch(request) {
		return Response.json(await perform(await request.json()));
	},

	async queue(batch) {
		const names = batch.messages.map(({ body }) => body.name);
		for (const { id, attempts, timestamp, body } of batch.messages)
			notes.deliveries.push({
				...{ name: body.name, queue: batch.queue, id, attempts, body },
				...{ timestamp: timestamp.getTime(), batch: names, at: Date.now() },
			});
		if (batch.queue !== "work") return;
		for (const message of batch.messages)
			for (const verdict of message.body.does?.[message.attempts - 1] ?? [])
				give(verdict, message, batch);
	},
} satisfies ExportedHandler<Cloudflare.Env, Script>;

function give(
	verdict: Verdict,
	message: Message<Script>,
	batch: MessageBatch<Script>,
): void {
	switch (verdict) {
		case "ack":
			return message.ack();
		case "retry":
			return message.retry();
		case "retryLater":
			return message.retry({ delaySeconds: LATER });
		case "ackAll":
			return batch.ackAll();
		case "retryAll":
			return batch.retryAll();
		case "throw":
			throw new Error(`${message.body.name} throws`);
	}
}

export { Probe } from "./probe.ts";
