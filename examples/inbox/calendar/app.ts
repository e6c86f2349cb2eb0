/** The calendar app: it tells of each meeting ten minutes before. */
import { createApp } from "tidings/apps";
import events from "./events.json" with { type: "json" };
import { handlers } from "./src/app.generated.ts";

export const calendar = createApp("@my-org/calendar", { events, handlers });
