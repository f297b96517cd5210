// Reads a Guitar Pro file with alphaTab and prints what it found as JSON.
import { importer } from "@coderline/alphatab";
import { readFileSync } from "node:fs";

const QUARTER = 960;
const song = importer.ScoreLoader.loadScoreFromBytes(new Uint8Array(readFileSync(process.argv[2])));
const tracks = song.tracks.map((track) => {
  const staff = track.staves[0];
  const found = { name: track.name, tuning: staff.tuning, notes: [], muted: 0, unfilled: 0 };
  for (const bar of staff.bars) {
    for (const voice of bar.voices.filter((voice) => !voice.isEmpty)) {
      const length = voice.beats.reduce((sum, beat) => sum + beat.playbackDuration, 0);
      if (length !== bar.masterBar.calculateDuration()) found.unfilled += 1;
      for (const beat of voice.beats) {
        for (const note of beat.notes.filter((note) => !note.isTieDestination)) {
          found.notes.push([beat.absolutePlaybackStart / QUARTER, note.realValue]);
          if (note.isPalmMute) found.muted += 1;
        }
      }
    }
  }
  return found;
});
console.log(JSON.stringify({ title: song.title, tempo: song.tempo, tracks }));
