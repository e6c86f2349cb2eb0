// biome-ignore-all format: as the document has it
// biome-ignore-all lint: as the document has it
// biome-ignore-all assist: as the document has it

import { EventHandler } from "tidings/sst";
import { Todo } from "../../../core/src/todo.ts";

export const handler = EventHandler(Todo.Events.Created, async (evt) => {
console.log("Todo created", evt);
});
