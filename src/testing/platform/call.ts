/** A call from an isolate to a queue or an object. It takes time, and one of its faults may occur. */

import { type CallNote, workHere } from "./isolate.ts";
import type { Strike } from "./strike.ts";

/** Faults that can occur in every call. */
export const CALL_STRIKES: readonly Strike[] = [
	"crash_before",
	"crash_after",
	"refused",
	"lied",
	"hung_before",
	"hung_after",
	"slow",
];

export interface Call<Result> {
	/** The called operation, such as `events.send`. */
	name: string;
	/** The events and deliveries that the call is about. */
	subjects: readonly string[];
	/** Faults that can occur in this call. */
	may: readonly Strike[];
	/** Properties of the errors with which the platform fails the call. */
	errorProperties?: object;
	/** Performs the call. With the fault `halfway` it performs only a part. */
	perform(strike?: Strike): Promise<Result> | Result;
}

/** Longest additional latency of a slow answer, in milliseconds. */
const SLOW = 20_000;

export function callOut<Result>(call: Call<Result>): Promise<Result> {
	const work = workHere();
	const from = work.isolate;
	const { time, fate } = from.platform;
	const point = `${call.name} ${call.subjects[0] ?? ""}`;
	return new Promise<Result>((resolve, reject) => {
		if (!from.alive) return;
		const strike = fate.strike(point, call.may);
		const by = from.label;
		if (strike) from.platform.note(strike, call.name, call.subjects, { by });
		if (strike === "crash_before") return from.kill();
		if (!from.release()) return;
		const { name, subjects } = call;
		const note: CallNote = { name, subjects, isDone: false, end: "open" };
		work.calls.push(note);
		const end = (how: CallNote["end"]) => {
			note.end = how;
			if (how === "failed")
				from.platform.note("call failed", name, subjects, {
					queue: work.queue,
					by,
				});
		};
		const answer = (how: CallNote["end"], settle: () => void) => {
			const wait = strike === "slow" ? fate.draw(`slow ${point}`) * SLOW : 0;
			time.after(wait + fate.latency(point), () =>
				from.resume(() => {
					end(how);
					settle();
				}),
			);
		};
		const fail = (error: unknown) => answer("failed", () => reject(error));
		const failed = (why: string) =>
			fail(
				Object.assign(
					new Error(`${name} failed: ${why}`),
					call.errorProperties,
				),
			);
		if (strike === "hung_before" || strike === "hung_after") end("failed");
		time.after(fate.latency(point), () => {
			if (from.isCutOff)
				return from.platform.note("left over", call.name, call.subjects);
			if (strike === "hung_before") return;
			if (strike === "refused") return failed("it is overloaded");
			performed().then((result) => {
				note.isDone = true;
				switch (strike) {
					case "hung_after":
						return;
					case "crash_after":
						return from.kill();
					case "lied":
					case "halfway":
						return failed("internal error");
					default:
						answer("answered", () => resolve(result));
				}
			}, fail);
		});

		async function performed(): Promise<Result> {
			return call.perform(strike);
		}
	});
}
