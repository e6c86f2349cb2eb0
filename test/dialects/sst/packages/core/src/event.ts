// biome-ignore-all format: as the document has it
// biome-ignore-all lint: as the document has it
// biome-ignore-all assist: as the document has it

import { createEventBuilder, ZodValidator } from "tidings/sst";

export const event = createEventBuilder({
bus: "bus",
validator: ZodValidator
});
