"""Side room: working days, holidays and time zone of one country, and how two countries' days are counted together."""
