/** The commands that the probe performs for a caller, in the Worker. */
import { env, exports, waitUntil } from "cloudflare:workers";
import { notes } from "./notes.ts";
import type { Probe, Step } from "./probe.ts";
import type { Script } from "./script.ts";

export interface Sending {
	body: Script;
	delaySeconds?: number;
}

export type Command =
	| { do: "send"; message: Sending }
	| { do: "sendBatch"; messages: readonly Sending[] }
	/** Calls an object several times concurrently. Returns the answers, and the arguments after the calls. */
	| { do: "call"; object: string; calls: readonly (readonly Step[])[] }
	/** Calls an object later without awaiting it; with `isKept`, passes the call to `waitUntil`. */
	| { do: "leave"; object: string; steps: readonly Step[]; isKept: boolean }
	/** Sets what the next run of `scheduled` does. */
	| { do: "cron"; does: "return" | "throw" }
	| { do: "notes" };

/** The result of a command, or the error that the Worker caught. */
export type Outcome =
	| { value: unknown }
	| { error: { name: string; message: string; own: Record<string, unknown> } };

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
			// A change after the send must not reach the consumer.
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
			return { answers, calls: command.calls };
		}
		case "leave": {
			const { Probe } = exports as unknown as Exports;
			const done = new Promise((resolve) => setTimeout(resolve, 50)).then(() =>
				Probe.getByName(command.object).take(command.object, command.steps),
			);
			if (command.isKept) waitUntil(done);
			return null;
		}
		case "cron":
			notes.isCronThrowing = command.does === "throw";
			return null;
		case "notes":
			return notes;
	}
}
