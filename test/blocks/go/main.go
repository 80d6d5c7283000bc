// Calls each case with the Go SDKs as their users do. JSON in, JSON out.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicOption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"
)

type call struct {
	API      string `json:"api"`
	Streamed bool   `json:"streamed"`
	URL      string `json:"url"`
}

type outcome struct {
	Raised  *string  `json:"raised"`
	Status  *int     `json:"status"`
	Code    *string  `json:"code"`
	Message *string  `json:"message"`
	Finish  []string `json:"finish"`
	Refusal *string  `json:"refusal"`
}

func main() {
	var calls []call
	if err := json.NewDecoder(os.Stdin).Decode(&calls); err != nil {
		panic(err)
	}
	outcomes := make([]outcome, 0, len(calls))
	for _, one := range calls {
		outcomes = append(outcomes, run(one))
	}
	if err := json.NewEncoder(os.Stdout).Encode(outcomes); err != nil {
		panic(err)
	}
}

// A hang must fail, and not stop the run. Retries are left as they are: two.
func run(one call) outcome {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	calls := map[string]func(context.Context, call) (outcome, error){"chat": chat, "responses": respond, "messages": message}
	seen, err := calls[one.API](ctx, one)
	if err != nil {
		return raised(err)
	}
	return seen
}

func chat(ctx context.Context, one call) (outcome, error) {
	client := openai.NewClient(option.WithAPIKey("k"), option.WithBaseURL(one.URL+"/v1/"))
	params := openai.ChatCompletionNewParams{
		Model:    "m-1",
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("hi")},
	}
	if !one.Streamed {
		completion, err := client.Chat.Completions.New(ctx, params)
		if err != nil {
			return outcome{}, err
		}
		choice := completion.Choices[0]
		return returned([]string{choice.FinishReason}, choice.Message.Refusal), nil
	}
	finish, refusal := []string{}, ""
	stream := client.Chat.Completions.NewStreaming(ctx, params)
	for stream.Next() {
		for _, choice := range stream.Current().Choices {
			if choice.FinishReason != "" {
				finish = append(finish, choice.FinishReason)
			}
			if choice.Delta.Refusal != "" {
				refusal = choice.Delta.Refusal
			}
		}
	}
	return returned(finish, refusal), stream.Err()
}

func respond(ctx context.Context, one call) (outcome, error) {
	client := openai.NewClient(option.WithAPIKey("k"), option.WithBaseURL(one.URL+"/v1/"))
	params := responses.ResponseNewParams{
		Model: "m-1",
		Input: responses.ResponseNewParamsInputUnion{OfString: openai.String("hi")},
	}
	if !one.Streamed {
		response, err := client.Responses.New(ctx, params)
		if err != nil {
			return outcome{}, err
		}
		return responded(*response), nil
	}
	var last responses.ResponseStreamEventUnion
	stream := client.Responses.NewStreaming(ctx, params)
	for stream.Next() {
		last = stream.Current()
	}
	if err := stream.Err(); err != nil {
		return outcome{}, err
	}
	if last.Type != "response.incomplete" {
		return returned([]string{last.Type}, ""), nil
	}
	return responded(last.Response), nil
}

func responded(response responses.Response) outcome {
	finish := string(response.Status) + " " + string(response.IncompleteDetails.Reason)
	refusal := ""
	for _, item := range response.Output {
		for _, part := range item.Content {
			if part.Type == "refusal" {
				refusal = part.Refusal
			}
		}
	}
	return returned([]string{finish}, refusal)
}

func message(ctx context.Context, one call) (outcome, error) {
	client := anthropic.NewClient(anthropicOption.WithAPIKey("k"), anthropicOption.WithBaseURL(one.URL))
	params := anthropic.MessageNewParams{
		Model:     "m-1",
		MaxTokens: 9,
		Messages:  []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("hi"))},
	}
	if !one.Streamed {
		answer, err := client.Messages.New(ctx, params)
		if err != nil {
			return outcome{}, err
		}
		return returned([]string{string(answer.StopReason)}, answer.StopDetails.Explanation), nil
	}
	whole := anthropic.Message{}
	stream := client.Messages.NewStreaming(ctx, params)
	for stream.Next() {
		if err := whole.Accumulate(stream.Current()); err != nil {
			return outcome{}, err
		}
	}
	return returned([]string{string(whole.StopReason)}, whole.StopDetails.Explanation), stream.Err()
}

func returned(finish []string, refusal string) outcome {
	return outcome{Finish: finish, Refusal: &refusal}
}

func raised(err error) outcome {
	text := err.Error()
	seen := outcome{Message: &text, Finish: []string{}}
	name := fmt.Sprintf("%T", err)
	seen.Raised = &name
	var openaiError *openai.Error
	if errors.As(err, &openaiError) {
		seen.Status, seen.Code, seen.Message = &openaiError.StatusCode, &openaiError.Code, &openaiError.Message
	}
	var anthropicError *anthropic.Error
	if errors.As(err, &anthropicError) {
		var body struct {
			Error struct {
				Details struct {
					Code *string `json:"error_code"`
				} `json:"details"`
			} `json:"error"`
		}
		_ = json.Unmarshal([]byte(anthropicError.RawJSON()), &body)
		seen.Status, seen.Code = &anthropicError.StatusCode, body.Error.Details.Code
	}
	return seen
}
