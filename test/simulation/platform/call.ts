/** A call from an isolate to a queue or an object. It takes time, and any of its faults may strike. */
import type { Strike } from "./fate.ts";
import { type CallNote, workHere } from "./isolate.ts";

/** What may go wrong with any call. */
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
	/** What is called, such as `events.send`. */
	name: string;
	/** Which events it is about. */
	subjects: readonly string[];
	may: readonly Strike[];
	/** What an error of the platform's says of itself. */
	says?: object;
	/** Does it; where it is struck halfway, a part of it. */
	perform(strike?: Strike): Promise<Result> | Result;
}

/** The longest that a slow answer takes, in milliseconds. */
const SLOW = 20_000;

export function callOut<Result>(call: Call<Result>): Promise<Result> {
	const work = workHere();
	const from = work.isolate;
	const { time, fate } = from.platform;
	const point = `${call.name} ${call.subjects[0] ?? ""}`;
	return new Promise<Result>((resolve, reject) => {
		if (!from.alive) return;
		const strike = fate.strike(point, call.may);
		if (strike) from.platform.note(strike, call.name, call.subjects);
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
			fail(Object.assign(new Error(`${name} failed: ${why}`), call.says));
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
