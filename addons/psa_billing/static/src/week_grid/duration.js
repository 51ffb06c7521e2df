const MINUTES_PER_DAY = 24 * 60;

/**
 * Read what people type for a duration: 1:30, 1.5, 1,5, 90m, 1h30, 2h. A number alone is hours; nothing is zero.
 *
 * @param {string} text
 * @returns {number|null} minutes, or null if it is no duration of at most a day
 */
export function parseDuration(text) {
    const typed = text.trim().toLowerCase().replace(/\s+/g, "");
    if (!typed) {
        return 0;
    }
    let minutes = null;
    let found;
    if ((found = /^(\d{1,2})?:([0-5]?\d)$/.exec(typed))) {
        minutes = Number(found[1] || 0) * 60 + Number(found[2]);
    } else if ((found = /^(\d+)(?:m|min)$/.exec(typed))) {
        minutes = Number(found[1]);
    } else if ((found = /^(\d{1,2})h([0-5]?\d)(?:m|min)?$/.exec(typed))) {
        minutes = Number(found[1]) * 60 + Number(found[2]);
    } else if ((found = /^(\d*[.,]?\d+|\d+[.,])h?$/.exec(typed))) {
        minutes = Math.round(Number(found[1].replace(",", ".")) * 60);
    }
    return minutes === null || minutes > MINUTES_PER_DAY ? null : minutes;
}

/**
 * @param {number} minutes
 * @returns {string} for instance 1:30; nothing for zero
 */
export function formatMinutes(minutes) {
    if (!minutes) {
        return "";
    }
    const whole = Math.abs(minutes);
    return `${minutes < 0 ? "-" : ""}${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
