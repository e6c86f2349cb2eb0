// biome-ignore-all format: as the document has it
// biome-ignore-all lint: as the document has it
// biome-ignore-all assist: as the document has it

export * as Todo from "./todo.ts";

import * as z from "zod";
import { event } from "./event.ts";

export const Events = {
Created: event("todo.created", z.object({
id: z.string(),
})),
};

export async function create() {
const id = crypto.randomUUID();

// write to database

await Events.Created.publish({
id,
});
return id;
}
