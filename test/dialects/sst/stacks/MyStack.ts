// biome-ignore-all format: as the document has it
// biome-ignore-all lint: as the document has it
// biome-ignore-all assist: as the document has it

import { EventBus } from "tidings/sst";
import { stack } from "../stack.ts";

const bus = new EventBus(stack, "bus", {
defaults: {
retries: 10,
},
});

bus.subscribe("todo.created", {
handler: "packages/functions/src/events/todo-created.handler",
});
