// How many characters the server takes in each field. Nobody should type what is refused when it is saved, perhaps
// hours later, so the fields hold no more than this.

export const CLIENT_LIMITS = { name: 200, email: 254, phone: 100, address: 1000, pms_id: 100 };
export const PATIENT_LIMITS = { name: 200, species: 100, breed: 200, colour: 200, alert: 1000, pms_id: 100 };
/** The reason of a conversation. */
export const REASON_LIMIT = 300;
