// biome-ignore-all format: as the document has it
// biome-ignore-all lint: as the document has it
// biome-ignore-all assist: as the document has it

import { events } from "tidings/ampt";
import { sendWelcomeEmail } from "../../mail.ts";

events.on("user.joined", { timeout: 10000 }, async (event, context) => {
  // send a welcome email using event.body.email
  await sendWelcomeEmail("timeout", event.body.email, event, context);
});
