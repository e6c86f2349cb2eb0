/** The email app. Its event fires for each new email. */
import { createApp } from "tidings/apps";
import events from "./events.json" with { type: "json" };
import { handlers } from "./src/app.generated.ts";

export const email = createApp("@my-org/email", { events, handlers });
