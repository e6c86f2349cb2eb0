/** The calendar app. Its event fires ten minutes before each meeting. */
import { createApp } from "tidings/apps";
import events from "./events.json" with { type: "json" };
import { handlers } from "./src/app.generated.ts";

export const calendar = createApp("@my-org/calendar", { events, handlers });
