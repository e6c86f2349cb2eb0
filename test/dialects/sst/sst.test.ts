/** The document of SST's event bus, with its samples, on real queues. */
import { afterEach, expect, test, vi } from "vitest";
import { transitions } from "../observed.ts";
import { expectTransitions, wait } from "../transitions.ts";
import "../worker.ts";
import { Todo } from "./packages/core/src/todo.ts";

afterEach(() => vi.restoreAllMocks());

test("publishing an event triggers its subscriber asynchronously", async () => {
	const log = vi.spyOn(console, "log").mockImplementation(() => {});
	const id = await Todo.create();
	expect(log).not.toHaveBeenCalled();
	await vi.waitFor(() => expect(log).toHaveBeenCalledTimes(1), wait);
	expect(log.mock.calls).toEqual([
		[
			"Todo created",
			{
				type: "todo.created",
				properties: { id },
				metadata: undefined,
				attempts: 0,
			},
		],
	]);
});

test("the definition provides validation using zod: the publisher rejects invalid properties", async () => {
	const before = transitions.length;
	await expect(
		Todo.Events.Created.publish({ id: 5 as never }),
	).rejects.toMatchObject({
		name: "RefusedError",
		code: "schema_violation",
		issues: [{ path: "properties.id", message: expect.any(String) }],
	});
	expect(transitions).toHaveLength(before);
	const { id } = await Todo.Events.Created.publish({ id: "t1" });
	await expectTransitions(id, ["published", "delivered 1"]);
});
