/** Runs code as an app, for the users of the given tokens. */
import type { Capabilities } from "tidings/apps";
import { acts } from "./more-apps.ts";
import { tokenOf } from "./support.ts";
import { events } from "./worker.ts";

/** Runs `act` in the tool of an app. Returns its result, or rejects with its error. */
export async function asApp<Result>(
	app: string,
	act: (capabilities: Capabilities, input: unknown) => Result,
	tokens: readonly string[] = [],
): Promise<Awaited<Result>> {
	const met = Promise.withResolvers<Awaited<Result>>();
	acts.set(app, async (capabilities, input) => {
		try {
			met.resolve(await act(capabilities, input));
		} catch (error) {
			met.reject(error);
		}
	});
	await events.apps.run(app, "act", null, { tokens });
	acts.delete(app);
	return met.promise;
}

/** The error of a call, as data. */
export async function refusal(
	call: Promise<unknown>,
): Promise<{ name: string; code: string; message: string }> {
	try {
		await call;
	} catch (error) {
		const { name, code, message } = error as Error & { code: string };
		return { name, code, message };
	}
	throw new Error("it was not refused");
}

export const atDoor = (door: Record<string, unknown>) =>
	tokenOf({ accountId: "a1", email: "ada@example.com" }, { door });
