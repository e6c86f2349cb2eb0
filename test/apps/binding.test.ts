/** Apps over the binding: in whose name another Worker may subscribe, and whose tools it may run. */
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test } from "vitest";
import { ada, stopped } from "./support.ts";
import { behaviours } from "./worker.ts";

type Binding = {
	subscribe(...args: unknown[]): Promise<{ id: number; state: string }>;
	unsubscribe(...args: unknown[]): Promise<boolean>;
	runTool(...args: unknown[]): Promise<unknown>;
};
const { LAB, STOREFRONT } = env as unknown as Record<string, Binding> & {
	LAB: Binding;
	STOREFRONT: Binding;
};

afterEach(() => behaviours.clear());

/** What a call over the binding was refused with. */
async function refusal(call: Promise<unknown>): Promise<string> {
	return call.then(
		() => "not refused",
		(error) => error.message,
	);
}

describe("a binding that names an app", () => {
	test("subscribes and unsubscribes as that app, for the user of the given tokens", async () => {
		const options = { tokens: [await ada()] };
		expect(
			await LAB.subscribe("@test/lab", "ticked", "one", options),
		).toMatchObject({ state: "active" });
		expect(await LAB.unsubscribe("@test/lab", "ticked", options)).toBe(true);
		expect(await LAB.unsubscribe("@test/lab", "ticked", options)).toBe(false);
		await stopped("@test/lab/ticked");
	});

	test("requires tokens, and the app's own tools", async () => {
		const without = LAB.subscribe("@test/lab", "ticked", "one");
		expect(await refusal(without)).toContain("@my-org/auth");
		const options = { tokens: [await ada()] };
		const another = LAB.subscribe(
			"@test/lab",
			"ticked",
			"handle_new_email",
			options,
		);
		expect(await refusal(another)).toBe(
			'"handle_new_email" is not a tool of @test/lab; use one, two',
		);
		const odd = LAB.subscribe("@test/lab", "ticked", "one", { tokens: 7 });
		expect(await refusal(odd)).toContain("tokens");
	});

	test("runs the app's tools, and with a list of permissions no tool of another app", async () => {
		behaviours.set("one", (input) => ({ twice: [input, input] }));
		expect(await LAB.runTool("@test/lab", "one", { n: 1 })).toEqual({
			twice: [{ n: 1 }, { n: 1 }],
		});
		const other = LAB.runTool("@my-org/inbox", "handle_new_email", {});
		expect(await refusal(other)).toContain(
			"may not run tools of @my-org/inbox",
		);
	});
});

test("a caller that is not an app cannot subscribe as one", async () => {
	const options = { tokens: [await ada()] };
	const asked = STOREFRONT.subscribe("@test/lab", "ticked", "one", options);
	expect(await refusal(asked)).toContain('the caller "storefront" is no app');
});
