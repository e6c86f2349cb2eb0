/** Entry point `tidings/sst`: SST's `EventBus` construct and its `node/event-bus`. It contains no code. */
import type { Events } from "../events.ts";
import { bus } from "./bus.ts";

export { EventBus, type EventBusProps } from "./sst/bus.ts";
export { createEventBuilder, ZodValidator } from "./sst/event.ts";
export { EventHandler } from "./sst/handler.ts";
export type { Subscriber, SubscriberProps } from "./sst/subscriber.ts";
export type { Evt, EvtOf, SstEvent } from "./sst/wire.ts";

/** The events behind every `EventBus` of this Worker, for `worker(events)`. */
export const events: Events = bus;
